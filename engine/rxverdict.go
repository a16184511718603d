package engine

import (
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// receiveEnd is a receiver as its life and its links see it.
type receiveEnd struct{ *Receiver }

// complete is called once, when the sink has all of the stream: the sender is told, and told again on each new link until it
// says goodbye. If the stream has failed meanwhile, it is too late.
func (r *Receiver) complete(d wire.Done) {
	r.life.mu.Lock()
	late := r.life.finished
	if !late {
		r.life.ended = time.Now()
		r.life.done.Store(&d)
	}
	r.life.mu.Unlock()
	if late {
		return
	}
	for _, l := range r.loops {
		l.Post(func() { l.sayAll(d.Append(nil)) })
	}
	r.life.rouse()
}

// glance is part of End.
func (r receiveEnd) glance(now time.Time) {
	r.doors.Report(now)
	if r.test != nil {
		r.damaged(r.test.overdue(now))
	}
}

// concluded is part of End: the sender has confirmed the end, or is not coming back to do so.
func (r receiveEnd) concluded(now time.Time) bool {
	return r.life.done.Load() != nil && (r.bye.Load() || r.unconfirmed(now) || r.verdict(now) != nil)
}

// unconfirmed reports whether the sender has had time enough to confirm the end. Its links may be up all the while.
func (r *Receiver) unconfirmed(now time.Time) bool {
	r.life.mu.Lock()
	defer r.life.mu.Unlock()
	if r.time.Confirm <= 0 || now.Sub(r.life.ended) < r.time.Confirm {
		return false
	}
	observe.Tell(r.observer, observe.EndUnconfirmed{Within: r.time.Confirm})
	return true
}

// verdict is part of End.
func (r receiveEnd) verdict(now time.Time) *stream.Error {
	r.life.mu.Lock()
	defer r.life.mu.Unlock()
	if r.life.up > 0 {
		return nil
	}
	if r.life.outage.Met() {
		return r.doom(now)
	}
	if r.cfg.Connect <= 0 || now.Sub(r.life.started) < r.cfg.Connect {
		return nil
	}
	if why := r.doors.Shut(); why != nil {
		return stream.Fail(stream.StatusConnect, why, "cannot listen on port %d within %v", r.cfg.Port, r.cfg.Connect)
	}
	return stream.Fail(stream.StatusConnect, nil, "no sender within %v", r.cfg.Connect)
}

// doom is verdict once the sender has been met, under mu. A receiver that has every byte needs its sender only to tell it so. So it
// waits while it writes, whatever the sender's end looks like, and lingers for a while once it has written.
func (r *Receiver) doom(now time.Time) *stream.Error {
	if r.life.done.Load() != nil {
		r.life.outage.Progress(r.life.ended)
	}
	dead, giveup := receiveEnd{r}.patience()
	switch r.life.outage.Judge(now, dead, giveup) {
	case schedule.FateClosed:
		return stream.Fail(stream.StatusLost, nil, "the sender is gone: its host closed every link and none has come back for %v", r.life.outage.Away(now))
	case schedule.FateLost:
		return stream.Fail(stream.StatusLost, nil, "all paths to the sender have been lost for longer than giveup (%v)", giveup)
	}
	return nil
}

// patience is part of End.
func (r receiveEnd) patience() (dead, giveup time.Duration) {
	switch {
	case r.life.done.Load() != nil:
		return r.cfg.Dead, r.life.linger
	case r.whole():
		return -1, r.cfg.Giveup
	}
	return r.cfg.Dead, r.cfg.Giveup
}

// whole reports whether every byte of the stream is here, written or not.
func (r *Receiver) whole() bool {
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

// ending handles the sender's word on how long the stream is.
func (r *Receiver) ending(e wire.End, l *rxloop) error {
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

// peerFinished handles the sender's word that it is done. It says so once it has heard that all is delivered. A sender that
// says it before all is here will send no more, so there is nothing to wait for.
func (r receiveEnd) peerFinished() {
	switch {
	case !r.tenure.Owns(): // there is no stream yet
	case r.life.done.Load() == nil && !r.whole():
		r.life.fail(stream.Fail(stream.StatusLost, nil, "the sender ended the stream without sending all of it"))
	default:
		r.bye.Store(true)
		r.life.rouse()
	}
}

// peerFailed handles the sender's reason for failing. Once all is delivered it no longer matters, since the sender has
// nothing more to ask for. While the stream is not yet the receiver's own, only the link ends, with the error returned.
func (r receiveEnd) peerFailed(on *Link, f wire.Fault) error {
	switch {
	case r.life.done.Load() != nil:
		r.bye.Store(true)
		r.life.rouse()
	case r.quits(f, on.name):
		on.told, on.answered = true, true
		return stream.ErrQuit
	default:
		r.life.told.Store(true)
		r.life.fail(remoteError("sender", f))
	}
	return nil
}

// plight is part of End.
func (r receiveEnd) plight(now time.Time) plight {
	p := plight{since: r.life.outage.Moved(), over: r.life.finished && r.life.err == nil && r.bye.Load(), whole: r.tenure.Met() && r.whole()}
	if p.without = r.useful.Load() == 0; !p.without {
		p.since = now // only the sender can tell whether payload has to move
	}
	return p
}

// cry is part of End. A receiver may be started long before its sender, so what it waits for is said once.
func (r receiveEnd) cry(o *observe.Outage, n news, p plight) bool {
	switch {
	case o.First && n == newsLasts:
		return false
	case o.First:
		o.Door, o.Port, o.Until, o.Limit = r.Addr(), r.cfg.Port, time.Time{}, observe.LimitConnect
		if r.cfg.Connect >= 0 {
			o.Until = r.life.started.Add(r.cfg.Connect)
		}
	case r.life.done.Load() != nil:
		o.Stage = observe.StageWritten
	case p.whole:
		o.Stage = observe.StageWriting
	}
	return true
}
