package receive

import (
	"time"

	"viamillipede/engine/internal/outcry"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/receive/egress"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// receiveEnd is a receiver as its life and its links see it.
type receiveEnd struct{ *Receiver }

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

// Concluded is part of stream.Half: the sender has confirmed the end, or is not coming back to do so.
func (r receiveEnd) Concluded(now time.Time) bool {
	return r.life.Done.Load() != nil && (r.bye.Load() || r.unconfirmed(now) || r.Verdict(now) != nil)
}

// unconfirmed reports whether the sender has had time enough to confirm the end. Its links may be up all the while.
func (r receiveEnd) unconfirmed(now time.Time) bool {
	r.life.Mu.Lock()
	defer r.life.Mu.Unlock()
	if r.time.Confirm <= 0 || now.Sub(r.life.Ended) < r.time.Confirm {
		return false
	}
	observe.Tell(r.observer, observe.EndUnconfirmed{Within: r.time.Confirm})
	return true
}

// Verdict is part of stream.Half.
func (r receiveEnd) Verdict(now time.Time) *stream.Error {
	r.life.Mu.Lock()
	defer r.life.Mu.Unlock()
	if r.life.Up > 0 || r.bye.Load() { // of a sender that needs no answer, or cannot hear one, all is here
		return nil
	}
	if r.dialer != nil {
		return r.unreached(now)
	}
	if r.life.Outage.Met() {
		return r.doom(now)
	}
	if r.cfg.Connect <= 0 || now.Sub(r.life.Started) < r.cfg.Connect {
		return nil
	}
	if why := r.doors.Shut(); why != nil {
		return stream.Fail(stream.StatusConnect, why, "cannot listen on port %d within %v", r.cfg.Port, r.cfg.Connect)
	}
	return stream.Fail(stream.StatusConnect, nil, "no sender within %v", r.cfg.Connect)
}

// doom is verdict once the sender has been met, under Life.Mu. A receiver that has every byte needs its sender only to tell it so. So it
// waits while it writes, whatever the sender's end looks like, and lingers for a while once it has written.
func (r receiveEnd) doom(now time.Time) *stream.Error {
	if r.life.Done.Load() != nil {
		r.life.Outage.Progress(r.life.Ended)
	}
	dead, giveup := r.Patience()
	switch r.life.Outage.Judge(now, dead, giveup) {
	case schedule.FateClosed:
		return stream.Fail(stream.StatusLost, nil, "the sender is gone: its host closed every link and none has come back for %v", r.life.Outage.Away(now))
	case schedule.FateRefused:
		return stream.Fail(stream.StatusLost, nil, "the sender is gone: its host has refused for %v (%s)", dead, r.dialer.Answers().Unreachable())
	case schedule.FateUnknown:
		if r.life.Done.Load() == nil && r.whole() {
			return nil // it is only the end of the stream that nobody would be told of
		}
		return stream.Fail(stream.StatusLost, nil, "the sender is gone: another one is in its place (%s)", r.dialer.Answers().Unreachable())
	case schedule.FateLost:
		return stream.Fail(stream.StatusLost, nil, "all paths to the sender have been lost for longer than giveup (%v)", giveup)
	}
	return nil
}

// Patience is part of stream.Half.
func (r receiveEnd) Patience() (dead, giveup time.Duration) {
	switch {
	case r.life.Done.Load() != nil:
		return r.cfg.Dead, r.life.Linger
	case r.whole():
		return -1, r.cfg.Giveup
	}
	return r.cfg.Dead, r.cfg.Giveup
}

// whole reports whether every byte of the stream is here, written or not.
func (r receiveEnd) whole() bool {
	end := r.out.End.Load()
	return end != nil && uint64(r.ring.Received()) >= end.Legs
}

// lingers is how long to wait for a sender without a link that has yet to hear how its stream ended.
func lingers(c stream.ReceiveSetup) time.Duration {
	if c.Giveup < 0 {
		return c.Timing.Linger
	}
	return min(c.Timing.Linger, c.Giveup)
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

// PeerFinished handles the sender's word that it is done. It says so once it has heard that all is delivered. A sender that
// says it before all is here will send no more, so there is nothing to wait for.
func (r receiveEnd) PeerFinished() {
	switch {
	case !r.tenure.Owns(): // there is no stream yet
	case r.life.Done.Load() == nil && !r.whole():
		r.life.Fail(stream.Fail(stream.StatusLost, nil, "the sender ended the stream without sending all of it"))
	default:
		r.bye.Store(true)
		r.life.Rouse()
	}
}

// PeerFailed handles the sender's reason for failing. Once all is delivered it no longer matters, since the sender has
// nothing more to ask for. While the stream is not yet the receiver's own, only the link ends, with the error returned.
func (r receiveEnd) PeerFailed(on *stream.Link, f wire.Fault) error {
	switch {
	case r.life.Done.Load() != nil:
		r.bye.Store(true)
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

// Plight is part of stream.Half.
func (r receiveEnd) Plight(now time.Time) outcry.Plight {
	p := outcry.Plight{Since: r.life.Outage.Moved(), Over: r.life.Finished && r.life.Err == nil && r.bye.Load(), Whole: r.tenure.Met() && r.whole()}
	if p.Without = r.useful.Load() == 0; !p.Without {
		p.Since = now // only the sender can tell whether payload has to move
	}
	return p
}

// Cry is part of stream.Half. A receiver may be started long before its sender, so what it waits for is said once.
func (r receiveEnd) Cry(o *observe.Outage, n outcry.News, p outcry.Plight) bool {
	if o.Dials = r.dialer != nil; o.Dials {
		r.cryOfPaths(o, n)
	}
	switch {
	case o.First && o.Dials:
		o.Until, o.Limit = r.life.Started.Add(r.cfg.Connect), observe.LimitConnect
	case o.First && n == outcry.Lasts:
		return false
	case o.First:
		o.Door, o.Port, o.Until, o.Limit = r.Addr(), r.cfg.Port, time.Time{}, observe.LimitConnect
		if r.cfg.Connect >= 0 {
			o.Until = r.life.Started.Add(r.cfg.Connect)
		}
	case r.life.Done.Load() != nil:
		o.Stage = observe.StageWritten
	case p.Whole:
		o.Stage = observe.StageWriting
	}
	return true
}

// Speechless is part of stream.Half: a sender without a link may still come back. The door is open.
func (r receiveEnd) Speechless(now time.Time) bool {
	r.life.Mu.Lock()
	defer r.life.Mu.Unlock()
	r.life.Outage.Progress(r.life.Ended)
	return r.tenure.Met() && r.life.Up == 0 && r.life.Outage.Judge(now, r.cfg.Dead, r.life.Linger) == schedule.FateWait
}

// inspect reports whether a leg may be delivered: one of a test stream is right, and the stream still is. Any goroutine may call it.
func (r *Receiver) inspect(l *egress.Leg) bool {
	return r.test == nil || r.test.Passes(l.Leg, l.Bytes(), r.out.Written(), r.life.Fail)
}
