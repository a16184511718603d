// Package fate decides what becomes of a receiver's stream when its sender is away: whether to wait, for how long, and what the user is
// told of it. fate.go is all of it.
package fate

import (
	"sync/atomic"
	"time"

	"viamillipede/engine/doors"
	"viamillipede/engine/internal/outcry"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/ways"
)

// Fate is that of a receiver, which sets what is exported. It is asked as part of its stream.Half.
type Fate struct {
	Life   *stream.Life
	Setup  *stream.ReceiveSetup
	Tenure *doors.Tenure
	Doors  doors.Entrance // nil: it dials
	Dialer *ways.Dialer   // nil: it listens
	Whole  func() bool    // every byte of the stream is here, written or not

	Bye    atomic.Bool  // the sender knows that all is delivered, or will not ask again
	Useful atomic.Int32 // links, now up, that have brought a frame which does not end them
}

// Concluded is part of stream.Half: the sender has confirmed the end, or is not coming back to do so.
func (f *Fate) Concluded(now time.Time) bool {
	return f.Life.Done.Load() != nil && (f.Bye.Load() || f.unconfirmed(now) || f.Verdict(now) != nil)
}

// unconfirmed reports whether the sender has had time enough to confirm the end. Its links may be up all the while.
func (f *Fate) unconfirmed(now time.Time) bool {
	f.Life.Mu.Lock()
	defer f.Life.Mu.Unlock()
	if f.Setup.Timing.Confirm <= 0 || now.Sub(f.Life.Ended) < f.Setup.Timing.Confirm {
		return false
	}
	observe.Tell(f.Setup.Observer, observe.EndUnconfirmed{Within: f.Setup.Timing.Confirm})
	return true
}

// Verdict is part of stream.Half.
func (f *Fate) Verdict(now time.Time) *stream.Error {
	f.Life.Mu.Lock()
	defer f.Life.Mu.Unlock()
	if f.Life.Up > 0 || f.Bye.Load() { // of a sender that needs no answer, or cannot hear one, all is here
		return nil
	}
	if f.Dialer != nil {
		return f.unreached(now)
	}
	if f.Life.Outage.Met() {
		return f.doom(now)
	}
	if f.Setup.Connect <= 0 || now.Sub(f.Life.Started) < f.Setup.Connect {
		return nil
	}
	if why := f.Doors.Shut(); why != nil {
		return stream.Fail(stream.StatusConnect, why, "cannot listen on port %d within %v", f.Setup.Port, f.Setup.Connect)
	}
	return stream.Fail(stream.StatusConnect, nil, "no sender within %v", f.Setup.Connect)
}

// doom is verdict once the sender has been met, under Life.Mu. A receiver that has every byte needs its sender only to tell it so. So it
// waits while it writes, whatever the sender's end looks like, and lingers for a while once it has written.
func (f *Fate) doom(now time.Time) *stream.Error {
	if f.Life.Done.Load() != nil {
		f.Life.Outage.Progress(f.Life.Ended)
	}
	dead, giveup := f.Patience()
	switch f.Life.Outage.Judge(now, dead, giveup) {
	case schedule.FateClosed:
		return stream.Fail(stream.StatusLost, nil, "the sender is gone: its host closed every link and none has come back for %v", f.Life.Outage.Away(now))
	case schedule.FateRefused:
		return stream.Fail(stream.StatusLost, nil, "the sender is gone: its host has refused for %v (%s)", dead, f.Dialer.Answers().Unreachable())
	case schedule.FateUnknown:
		if f.Life.Done.Load() == nil && f.Whole() {
			return nil // it is only the end of the stream that nobody would be told of
		}
		return stream.Fail(stream.StatusLost, nil, "the sender is gone: another one is in its place (%s)", f.Dialer.Answers().Unreachable())
	case schedule.FateLost:
		return stream.Fail(stream.StatusLost, nil, "all paths to the sender have been lost for longer than giveup (%v)", giveup)
	}
	return nil
}

// Patience is part of stream.Half.
func (f *Fate) Patience() (dead, giveup time.Duration) {
	switch {
	case f.Life.Done.Load() != nil:
		return f.Setup.Dead, f.Life.Linger
	case f.Whole():
		return -1, f.Life.Giveup()
	}
	return f.Setup.Dead, f.Life.Giveup()
}

// Lingers is how long to wait for a sender without a link that has yet to hear how its stream ended.
func Lingers(c stream.ReceiveSetup) time.Duration {
	if c.Giveup < 0 {
		return c.Timing.Linger
	}
	return min(c.Timing.Linger, c.Giveup)
}

// PeerFinished handles the sender's word that it is done. It says so once it has heard that all is delivered. A sender that
// says it before all is here will send no more, so there is nothing to wait for.
func (f *Fate) PeerFinished() {
	switch {
	case !f.Tenure.Owns(): // there is no stream yet
	case f.Life.Done.Load() == nil && !f.Whole():
		f.Life.Fail(stream.Fail(stream.StatusLost, nil, "the sender ended the stream without sending all of it"))
	default:
		f.Bye.Store(true)
		f.Life.Rouse()
	}
}

// Plight is part of stream.Half.
func (f *Fate) Plight(now time.Time) outcry.Plight {
	p := outcry.Plight{Links: f.Life.Up, Since: f.Life.Outage.Moved(), Over: f.Life.Finished && f.Life.Err == nil && f.Bye.Load(), Whole: f.Tenure.Met() && f.Whole()}
	if p.Without = f.Useful.Load() == 0; !p.Without {
		p.Since = now // only the sender can tell whether payload has to move
	}
	return p
}

// Cry is part of stream.Half. A receiver may be started long before its sender, so what it waits for is said once.
func (f *Fate) Cry(o *observe.Outage, n outcry.News, p outcry.Plight) bool {
	o.Links = p.Links
	if o.Dials = f.Dialer != nil; o.Dials {
		f.cryOfPaths(o, n)
	}
	switch {
	case o.First && o.Dials:
		o.Until, o.Limit = f.Life.Started.Add(f.Setup.Connect), observe.LimitConnect
	case o.First && n == outcry.Lasts:
		return false
	case o.First:
		o.Door, o.Port, o.Until, o.Limit = f.Doors.Addr(), f.Setup.Port, time.Time{}, observe.LimitConnect
		if f.Setup.Connect >= 0 {
			o.Until = f.Life.Started.Add(f.Setup.Connect)
		}
	case f.Life.Done.Load() != nil:
		o.Stage = observe.StageWritten
	case p.Whole:
		o.Stage = observe.StageWriting
	}
	return true
}

// Speechless is part of stream.Half: a sender without a link may still come back. The door is open.
func (f *Fate) Speechless(now time.Time) bool {
	f.Life.Mu.Lock()
	defer f.Life.Mu.Unlock()
	f.Life.Outage.Progress(f.Life.Ended)
	return f.Tenure.Met() && f.Life.Up == 0 && f.Life.Outage.Judge(now, f.Setup.Dead, f.Life.Linger) == schedule.FateWait
}

// unreached is Verdict for a receiver that dials, and has no link; under Life.Mu.
func (f *Fate) unreached(now time.Time) *stream.Error {
	answers := f.Dialer.Answers()
	switch {
	case !f.Life.Outage.Met():
		return answers.FirstContact("sender", now.Sub(f.Life.Started), f.Setup.Connect)
	case !f.Tenure.Owns() && answers.Final():
		return stream.Fail(stream.StatusRefused, nil, "%s", answers.Unreachable()) // it had no leg, and the sender took another receiver
	}
	return f.doom(now)
}

// cryOfPaths adds what the paths have shown.
func (f *Fate) cryOfPaths(o *observe.Outage, n outcry.News) {
	if n == outcry.Ends {
		o.Paths = f.Dialer.Working()
		return
	}
	o.Why = f.Dialer.Answers().Unreachable()
}
