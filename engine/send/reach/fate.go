package reach

import (
	"time"

	"viamillipede/engine/internal/outcry"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
)

// Hopeless is why a sender will not meet its receiver, or not any more; nil: it may. Under Life.Mu.
func (r *Reach) Hopeless(now time.Time) *stream.Error {
	answers, l := r.Answers(), r.cfg.Life
	waited, connect := now.Sub(l.Started), r.cfg.Setup.Connect
	switch {
	case l.Outage.Met() && r.Dials() && l.Up == 0 && !r.cfg.Begun.Load() && answers.Final():
		return stream.Fail(stream.StatusRefused, nil, "%s", answers.Unreachable()) // no leg had arrived, and the receiver took another sender's
	case l.Outage.Met():
		return nil
	case r.Dials():
		return answers.FirstContact("receiver", waited, connect)
	case connect <= 0 || waited < connect:
		return nil
	}
	if why := r.doors.Shut(); why != nil {
		return stream.Fail(stream.StatusConnect, why, "cannot listen on port %d within %v", r.cfg.Setup.Port, connect)
	}
	return stream.Fail(stream.StatusConnect, nil, "no receiver within %v", connect)
}

// Doom is the error of a stream whose receiver was met, and is lost; nil: it is not. Under Life.Mu.
func (r *Reach) Doom(now time.Time) *stream.Error {
	dead, giveup := r.cfg.Setup.Dead, r.cfg.Life.Giveup()
	switch o := &r.cfg.Life.Outage; o.Judge(now, dead, giveup) {
	case schedule.FateRefused:
		return stream.Fail(stream.StatusLost, nil, "the receiver is gone: its host has refused for %v (%s)", dead, r.Answers().Unreachable())
	case schedule.FateUnknown:
		return stream.Fail(stream.StatusLost, nil, "the receiver is gone: another one is in its place (%s)", r.Answers().Unreachable())
	case schedule.FateClosed:
		return stream.Fail(stream.StatusLost, nil, "the receiver is gone: its host closed every link and none has come back for %v", o.Away(now))
	case schedule.FateLost:
		return r.lostFor(giveup)
	}
	return nil
}

// lostFor is the error of a stream on which no payload moved for giveup; under Life.Mu.
func (r *Reach) lostFor(giveup time.Duration) *stream.Error {
	if why := r.Swallowed(); why != nil {
		return stream.Fail(stream.StatusLost, why, "nothing has got through to the receiver for longer than giveup (%v)", giveup)
	}
	if r.cfg.Life.Up > 0 {
		return stream.Fail(stream.StatusLost, nil, "nothing has got through to the receiver for longer than giveup (%v)", giveup)
	}
	return stream.Fail(stream.StatusLost, nil, "all paths to the receiver have been lost for longer than giveup (%v)", giveup)
}

// Swallowed returns a BlackHole if a path is known to be one, else nil.
func (r *Reach) Swallowed() error {
	for _, p := range r.Paths() {
		if n := p.Hole.Load(); n > 0 {
			return observe.BlackHole{Path: p.String(), Bytes: n}
		}
	}
	return nil
}

// Cry completes what the user is told about an outage; see stream.Half.
func (r *Reach) Cry(o *observe.Outage, n outcry.News, p outcry.Plight) bool {
	o.Sender, o.Dials, o.Links = true, r.Dials(), p.Links
	if o.First {
		if !o.Dials && n == outcry.Lasts {
			return false // it may be started long before its receiver
		}
		o.Limit, o.Until = observe.LimitConnect, time.Time{}
		if r.cfg.Setup.Connect > 0 {
			o.Until = r.cfg.Life.Started.Add(r.cfg.Setup.Connect)
		}
		o.Door, o.Port = r.Addr(), r.cfg.Setup.Port
	}
	switch hole := r.Swallowed(); {
	case n == outcry.Ends:
		o.Paths = r.Working()
	case hole != nil && !o.First:
		o.Why = hole
	case o.Dials && (p.Links == 0 || o.First):
		o.Why = r.Answers().Unreachable()
	}
	return true
}
