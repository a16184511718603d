package engine

import (
	"context"
	"slices"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/loop"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// A failure of this end is to be a failure at the peer with a reason, and not a silence that is waited out for giveup. A link that
// is up may be dead, and nobody knows it yet: what is said on it is not said. So the end insists:
//
//	its kernel has the words, or it has answered -> heard: this end may go
//	not within Timing.Farewell                   -> they are for the next link: a receiver keeps its door open, a sender dials
//	not for life.linger                          -> nobody hears them
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

// insist says why the stream failed, until the peer has heard it; false: nothing has to be said that way. New links may still come up.
func (l *life) insist(ctx context.Context) bool {
	if !insists(l.err, l.told.Load()) {
		return false
	}
	for end := time.Now().Add(l.linger); ; {
		if l.findVoice(ctx); !l.linksUp() {
			return true
		}
		l.farewell()
		if l.heardOut(ctx) || ctx.Err() != nil || !time.Now().Before(end) {
			return true
		}
		l.everywhere(worker.forsake)
	}
}

// findVoice waits for a link on which to tell the peer why the stream failed here.
func (l *life) findVoice(ctx context.Context) {
	if l.told.Load() {
		return
	}
	ctx, end := context.WithTimeout(ctx, l.linger)
	defer end()
	l.everywhere(worker.makeWay)
	l.awaitVoice(ctx, l.end.speechless)
}

// awaitVoice waits while the end is speechless, until ctx ends.
func (l *life) awaitVoice(ctx context.Context, speechless func(now time.Time) bool) {
	ticker := time.NewTicker(l.time.Tick * schedule.TicksPerLook)
	defer ticker.Stop()
	for speechless(time.Now()) {
		select {
		case <-l.poke:
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// lastWords is what the peer is told about the end.
func (l *life) lastWords() []byte {
	if l.err != nil {
		return faultOf(l.err).Append(nil)
	}
	return wire.Bye{Stream: true}.Append(nil)
}

// farewell tells the peer how the stream ended, on every link, and waits until the words have left.
func (l *life) farewell() {
	words := l.lastWords()
	left := make(chan struct{}, len(l.workers))
	for _, w := range l.workers {
		if !w.Plain().Post(func() { w.farewell(words, left) }) {
			left <- struct{}{}
		}
	}
	stream.AwaitAll(left, len(l.workers), l.time.Farewell)
}

// heardOut waits, for a moment, until the peer has the last words, as far as that can be told; false: it has not, or no link is left.
func (l *life) heardOut(ctx context.Context) bool {
	ticker := time.NewTicker(min(l.time.Tick, l.time.Farewell))
	defer ticker.Stop()
	for end := time.Now().Add(l.hearing); ; {
		switch {
		case l.hasAnswered(), l.received(), ctx.Err() != nil:
			return true
		case !l.linksUp():
			return l.hasAnswered() // that may be why
		case !time.Now().Before(end):
			return false
		}
		select {
		case <-l.poke:
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
}

// hasAnswered reports whether the peer needs no words, or has shown that it has them.
func (l *life) hasAnswered() bool { return l.told.Load() || l.parted.Load() }

// received reports whether the peer has the last words from one of the links.
func (l *life) received() bool {
	return slices.ContainsFunc(l.workers, func(w worker) bool {
		heard := loop.Ask(w.Plain(), l.time.Farewell, func() []bool { return []bool{w.heardOut()} })
		return slices.Contains(heard, true)
	})
}

// everywhere calls f for each loop on its thread, and waits a moment for that.
func (l *life) everywhere(f func(worker)) {
	called := make(chan struct{}, len(l.workers))
	for _, w := range l.workers {
		if !w.Plain().Post(func() { f(w); called <- struct{}{} }) {
			called <- struct{}{}
		}
	}
	stream.AwaitAll(called, len(l.workers), l.time.Farewell)
}

// faultOf is what the peer is told about an error.
func faultOf(err error) wire.Fault {
	return wire.Fault{Status: uint16(stream.ExitStatus(err)), Text: err.Error()}
}

// remoteError is the error at this end for the failure that the peer reported. An integrity failure is one at both ends; whatever
// else happened there is a failed remote pipe here.
func remoteError(who string, f wire.Fault) *stream.Error {
	status := stream.StatusRemotePipe
	if stream.Status(f.Status) == stream.StatusIntegrity {
		status = stream.StatusIntegrity
	}
	return stream.Fail(status, nil, "the %s failed: %s", who, f.Text)
}
