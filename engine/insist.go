package engine

import (
	"context"
	"slices"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/loop"
)

// A failure of this end is to be a failure at the peer with a reason, and not a silence that is waited out for giveup. A link that
// is up may be dead, and nobody knows it yet: what is said on it is not said. So the end insists:
//
//	its kernel has the words, or it has answered -> heard: this end may go
//	not within Timing.Farewell                   -> they are for the next link: a receiver keeps its door open, a sender dials
//	not for Timing.Linger                        -> nobody hears them
//
// A user who stops the program is not kept waiting.

// insists reports whether the peer has to hear of an error.
func insists(err error, told bool) bool {
	switch stream.ExitStatus(err) {
	case stream.StatusIntegrity, stream.StatusLocalPipe, stream.StatusInternal:
		return !told
	}
	return false
}

// insist says why the stream failed, until the sender has heard it; false: nothing has to be said that way. The door is open.
func (r *Receiver) insist(ctx context.Context) bool {
	if !insists(r.err, r.told.Load()) {
		return false
	}
	for end := time.Now().Add(r.linger()); ; {
		if r.findVoice(ctx); !r.linksUp() {
			return true
		}
		r.farewell()
		if r.heardOut() || ctx.Err() != nil || !time.Now().Before(end) {
			return true
		}
		for _, l := range r.loops {
			l.Post(l.forsake)
		}
	}
}

// heardOut reports whether the sender has the last words, as far as that can be told.
func (r *Receiver) heardOut() bool {
	return slices.ContainsFunc(r.loops, func(l *rxloop) bool {
		return len(loop.Ask(l.Loop, r.time.Farewell, l.heardOut)) > 0
	}) || r.parted.Load() // which a link may be gone for since
}

// linksUp reports whether there are links.
func (r *Receiver) linksUp() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.up > 0
}

// heardOut gives the links whose last words the sender's kernel has, or of which that cannot be told.
func (l *rxloop) heardOut() []*rxlink {
	return slices.DeleteFunc(slices.Clone(l.links), func(k *rxlink) bool { return !k.parting || k.forsaken || k.keepsWords() })
}

// forsake has the links count no more on which the last words were not heard: the sender has given them up, or will, so that nothing
// which its kernel takes from them now reaches it.
func (l *rxloop) forsake() {
	for _, k := range l.links {
		k.forsaken = k.parting
	}
}

// insist is that of a sender, whose keepers go on.
func (s *Sender) insist(ctx context.Context) bool {
	if !insists(s.err, s.told.Load()) {
		return false
	}
	for end := time.Now().Add(s.time.Linger); ; {
		if s.findVoice(ctx); !s.linksUp() {
			return true
		}
		s.farewell()
		if s.heardOut(ctx) || ctx.Err() != nil || !time.Now().Before(end) {
			return true
		}
		quit := make(chan struct{}, len(s.loops))
		for _, l := range s.loops {
			if !l.Post(func() { l.quitLinks(); quit <- struct{}{} }) {
				quit <- struct{}{}
			}
		}
		stream.AwaitAll(quit, len(s.loops), s.time.Farewell)
	}
}

// heardOut waits, for a moment, until the receiver has the last words, as far as that can be told; false: it has not, or no link is left.
func (s *Sender) heardOut(ctx context.Context) bool {
	late := time.NewTimer(s.time.Farewell)
	defer late.Stop()
	ticker := time.NewTicker(min(s.time.Tick, s.time.Farewell))
	defer ticker.Stop()
	for {
		if s.told.Load() || s.parted.Load() || slices.ContainsFunc(s.loops, func(l *txloop) bool {
			return len(loop.Ask(l.Loop, s.time.Farewell, l.heardOut)) > 0
		}) {
			return true
		}
		if !s.linksUp() {
			return s.told.Load() || s.parted.Load() // that may be why
		}
		select {
		case <-s.poke:
		case <-ticker.C:
		case <-ctx.Done():
			return true
		case <-late.C:
			return false
		}
	}
}

// heardOut gives the links whose last words the receiver's kernel has, or of which that cannot be told.
func (l *txloop) heardOut() []*txlink {
	return slices.DeleteFunc(slices.Clone(l.links), func(k *txlink) bool { return k.busy() || k.keepsWords() })
}

// quitLinks ends the links, on which nothing gets through.
func (l *txloop) quitLinks() {
	for _, k := range slices.Clone(l.links) {
		k.lose(stream.ErrStuck)
	}
}
