package stream

import (
	"context"
	"slices"
	"time"

	"viamillipede/engine/internal/chore"
	"viamillipede/engine/loop"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// A failure of this end is to be a failure at the peer with a reason, and not a silence that is waited out for giveup. A link that
// is up may be dead, and nobody knows it yet: what is said on it is not said. So the end insists:
//
//	its kernel has the words, or it has answered -> heard: this end may go
//	not within Timing.Farewell                   -> they are for the next link: a receiver keeps its door open, a sender dials
//	not for Life.Linger                          -> nobody hears them
//
// A user who stops the program is not kept waiting.

// insists reports whether the peer has to hear of an error.
func insists(err error, told bool) bool {
	switch ExitStatus(err) {
	case StatusIntegrity, StatusLocalPipe, StatusInternal:
		return !told
	}
	return false
}

// Insist says why the stream failed, until the peer has heard it; false: nothing has to be said that way. New links may still come up.
func (l *Life) Insist(ctx context.Context) bool {
	if !insists(l.Err, l.Told.Load()) {
		return false
	}
	for end := time.Now().Add(l.Linger); ; {
		if l.findVoice(ctx); !l.LinksUp() {
			return true
		}
		l.Farewell()
		if l.heardOut(ctx) || ctx.Err() != nil || !time.Now().Before(end) {
			return true
		}
		l.Everywhere(Worker.Forsake)
	}
}

// findVoice waits for a link on which to tell the peer why the stream failed here.
func (l *Life) findVoice(ctx context.Context) {
	if l.Told.Load() {
		return
	}
	ctx, end := context.WithTimeout(ctx, l.Linger)
	defer end()
	l.Everywhere(Worker.MakeWay)
	l.AwaitVoice(ctx, l.half.Speechless)
}

// AwaitVoice waits while the end is speechless, until ctx ends.
func (l *Life) AwaitVoice(ctx context.Context, speechless func(now time.Time) bool) {
	ticker := time.NewTicker(l.time.Tick * schedule.TicksPerLook)
	defer ticker.Stop()
	for speechless(time.Now()) {
		select {
		case <-l.Poke:
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// lastWords is what the peer is told about the end.
func (l *Life) lastWords() []byte {
	if l.Err != nil {
		return faultOf(l.Err).Append(nil)
	}
	return wire.Bye{Stream: true}.Append(nil)
}

// Farewell tells the peer how the stream ended, on every link, and waits until the words have left.
func (l *Life) Farewell() {
	words := l.lastWords()
	left := make(chan struct{}, len(l.Workers))
	for _, w := range l.Workers {
		if !w.Plain().Post(func() { w.Farewell(words, left) }) {
			left <- struct{}{}
		}
	}
	chore.AwaitAll(left, len(l.Workers), l.time.Farewell)
}

// heardOut waits, for a moment, until the peer has the last words, as far as that can be told; false: it has not, or no link is left.
func (l *Life) heardOut(ctx context.Context) bool {
	ticker := time.NewTicker(min(l.time.Tick, l.time.Farewell))
	defer ticker.Stop()
	for end := time.Now().Add(l.hearing); ; {
		switch {
		case l.hasAnswered(), l.received(), ctx.Err() != nil:
			return true
		case !l.LinksUp(), !time.Now().Before(end):
			return l.hasAnswered() // a link that was asked may have ended since for just that
		}
		select {
		case <-l.Poke:
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
}

// hasAnswered reports whether the peer needs no words, or has shown that it has them.
func (l *Life) hasAnswered() bool { return l.Told.Load() || l.Parted.Load() }

// received reports whether the peer has the last words from one of the links.
func (l *Life) received() bool {
	return slices.ContainsFunc(l.Workers, func(w Worker) bool {
		heard := loop.Ask(w.Plain(), l.time.Farewell, func() []bool { return []bool{w.HeardOut()} })
		return slices.Contains(heard, true)
	})
}

// Everywhere calls f for each loop on its thread, and waits a moment for that.
func (l *Life) Everywhere(f func(Worker)) {
	called := make(chan struct{}, len(l.Workers))
	for _, w := range l.Workers {
		if !w.Plain().Post(func() { f(w); called <- struct{}{} }) {
			called <- struct{}{}
		}
	}
	chore.AwaitAll(called, len(l.Workers), l.time.Farewell)
}

// faultOf is what the peer is told about an error.
func faultOf(err error) wire.Fault {
	return wire.Fault{Status: uint16(ExitStatus(err)), Text: err.Error()}
}

// RemoteError is the error at this end for the failure that the peer reported. An integrity failure is one at both ends; whatever
// else happened there is a failed remote pipe here.
func RemoteError(who string, f wire.Fault) *Error {
	status := StatusRemotePipe
	if Status(f.Status) == StatusIntegrity {
		status = StatusIntegrity
	}
	return Fail(status, nil, "the %s failed: %s", who, f.Text)
}
