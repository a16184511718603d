package receive

import (
	"time"

	"viamillipede/engine/internal/outcry"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/receive/egress"
	"viamillipede/engine/wire"
)

// receiveEnd is a receiver as its life and its links see it.
type receiveEnd struct{ *Receiver }

func (r receiveEnd) Concluded(now time.Time) bool           { return r.fate.Concluded(now) }
func (r receiveEnd) Verdict(now time.Time) *stream.Error    { return r.fate.Verdict(now) }
func (r receiveEnd) Patience() (dead, giveup time.Duration) { return r.fate.Patience() }
func (r receiveEnd) Plight(now time.Time) outcry.Plight     { return r.fate.Plight(now) }
func (r receiveEnd) Cry(o *observe.Outage, n outcry.News, p outcry.Plight) bool {
	return r.fate.Cry(o, n, p)
}
func (r receiveEnd) Speechless(now time.Time) bool { return r.fate.Speechless(now) }
func (r receiveEnd) PeerFinished()                 { r.fate.PeerFinished() }

// complete is called once, when the sink has all of the stream: the sender is told, and told again on each new link until it
// says goodbye. If the stream has failed meanwhile, it is too late.
func (r receiveEnd) complete(d wire.Done) {
	if !r.life.Complete(d, time.Now()) {
		return
	}
	for _, l := range r.loops {
		l.Post(func() { l.sayAll(d.Append(nil)) })
	}
	r.life.Rouse()
}

// Glance is part of stream.Half.
func (r receiveEnd) Glance(now time.Time) {
	if r.doors != nil {
		r.doors.Report(now)
	}
	r.test.Glance(now, r.life.Fail)
}

// whole reports whether every byte of the stream is here, written or not.
func (r *Receiver) whole() bool {
	end := r.out.End.Load()
	return end != nil && uint64(r.store.Ring.Received()) >= end.Legs
}

// endsAt handles the sender's word on how long the stream is.
func (r receiveEnd) endsAt(e wire.End, l *rxloop) error {
	if e.Bytes < e.Legs || e.Legs == 0 && e.Bytes > 0 { // no leg is empty
		return r.spoils(stream.Fail(stream.StatusIntegrity, nil, "the sender says the stream has %d bytes in %d legs", e.Bytes, e.Legs))
	}
	if old := r.out.End.Load(); old != nil && *old != e {
		return r.spoils(stream.Fail(stream.StatusIntegrity, nil, "the sender says the stream has %d bytes, and said %d before", e.Bytes, old.Bytes))
	}
	if e.Legs == 0 {
		r.own()
	}
	r.out.End.Store(&e)
	l.deliver()
	return nil
}

// PeerFailed handles the sender's reason for failing. Once all is delivered it no longer matters, since the sender has
// nothing more to ask for. While the stream is not yet the receiver's own, only the link ends, with the error returned.
func (r receiveEnd) PeerFailed(on *stream.Link, f wire.Fault) error {
	switch {
	case r.life.Done.Load() != nil:
		r.fate.Bye.Store(true)
		r.life.Rouse()
	case r.quits(f, on.Name):
		on.Told, on.Answered = true, true
		return stream.ErrQuit
	default:
		r.life.Told.Store(true)
		r.life.Fail(stream.RemoteError("sender", f))
	}
	return nil
}

// inspect reports whether a leg may be delivered: one of a test stream is right, and the stream still is. Any goroutine may call it.
func (r *Receiver) inspect(l *egress.Leg) bool {
	return r.test == nil || r.test.Passes(l.Leg, l.Bytes(), r.out.Written(), r.life.Fail)
}
