// Package outcry decides when the user is told that nothing gets through to the peer.
package outcry

import (
	"time"

	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
)

// Outcry decides when to tell the user, at every level of verbose, that nothing gets through to the peer:
//
//	no link for less than Timing.Tell           -> nothing: links come and go, and are dialled again at once
//	for Timing.Tell, or no payload moved for    -> it begins
//	TellStuck times as long while it had to
//	the peer came, and has gone for Timing.Tell -> if only the wait for it had been told, it begins anew
//	each Timing.TellAgain after that            -> it lasts
//	a link is up for TellSettled, and payload   -> it ends
//	moves where it has to
//	the stream is over                          -> it ends, unless that is a failure, which has a line of its own
//
// The times are those of engine/schedule.
// The zero Outcry is ready to use. It belongs to the supervisor, which calls Look every now and then.
type Outcry struct {
	down  time.Time // no link since then, or since the peer was met; zero: one is up
	met   bool      // the peer had been met at the last look
	since time.Time // what the user was told: nothing gets through since then
	first bool      // the peer had not been met by then
	said  time.Time // when the user was last told; zero: the user knows nothing
	back  time.Time // since when all has been well again; zero: it is not
}

// News is what there is to tell.
type News int

// What it may be.
const (
	None   News = iota // nothing
	Begins             // an outage begins
	Lasts              // it lasts
	Ends               // it ends
)

// Plight is how the stream stands for links.
type Plight struct {
	Without bool      // no link is up; at a receiver, none that brought anything
	Since   time.Time // nothing has got through since then; see schedule.Outage.Still
	Met     bool      // the peer has been met
	Whole   bool      // at a receiver: all of the stream is here
	Links   int       // how many are up
	Over    bool      // all is delivered, and the sender knows
	Failed  bool      // it is over in another way
}

// Look notes how things stand, and returns what there is to tell.
func (o *Outcry) Look(now time.Time, p Plight, t schedule.Timing) News {
	switch {
	case p.Failed || t.Tell == 0:
		return None
	case p.Over:
		return o.well(now, true)
	case !p.Without:
		o.down = time.Time{}
	case !p.Met:
		o.down = p.Since
	case o.down.IsZero() || !o.met:
		o.down = schedule.Later(now, p.Since) // the supervisor may have been held up since it asked what time it is
	}
	o.met = p.Met
	switch told := !o.said.IsZero(); {
	case !p.Without && (now.Sub(p.Since) < t.Tell || told && o.first):
		return o.well(now, false)
	case !told && !(p.Without && now.Sub(o.down) >= t.Tell) && now.Sub(p.Since) < schedule.TellStuck*t.Tell:
		return None
	case !told, o.first && p.Met && p.Without && now.Sub(o.down) >= t.Tell: // the peer came, and went before that was said
		o.since, o.first, o.said, o.back = p.Since, !p.Met, now, time.Time{}
		return Begins
	}
	o.back = time.Time{}
	if now.Sub(o.said) < t.TellAgain {
		return None
	}
	o.said = now
	return Lasts
}

// well notes that a link is up and nothing stands still or, if last (the final look), that no link is needed.
func (o *Outcry) well(now time.Time, last bool) News {
	if o.said.IsZero() {
		return None
	}
	if o.back.IsZero() {
		o.back = now
	}
	if !last && now.Sub(o.back) < schedule.TellSettled {
		return None
	}
	o.said = time.Time{}
	return Ends
}

// Outage is what there is to tell about a stream that waits until then, by which limit.
func (o *Outcry) Outage(n News, now, until time.Time, limit observe.Limit) observe.Outage {
	e := observe.Outage{First: o.first, Since: o.since, At: now, Until: until, Limit: limit}
	switch n {
	case Begins:
		e.Phase = observe.OutageBegins
	case Lasts:
		e.Phase = observe.OutageLasts
	case Ends:
		e.Phase, e.At = observe.OutageEnds, o.back
	}
	return e
}
