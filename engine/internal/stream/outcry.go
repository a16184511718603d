package stream

import (
	"time"

	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
)

// outcry decides when to tell the user, at every level of verbose, that nothing gets through to the peer:
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
// The zero outcry is ready to use. It belongs to the supervisor, which calls look every now and then.
type outcry struct {
	down  time.Time // no link since then, or since the peer was met; zero: one is up
	met   bool      // the peer had been met at the last look
	since time.Time // what the user was told: nothing gets through since then
	first bool      // the peer had not been met by then
	said  time.Time // when the user was last told; zero: the user knows nothing
	back  time.Time // since when all has been well again; zero: it is not
}

// News is what there is to tell.
type News int

const (
	NewsNone   News = iota // nothing
	NewsBegins             // an outage begins
	NewsLasts              // it lasts
	NewsEnds               // it ends
)

// Plight is how the stream stands for links.
type Plight struct {
	Without bool      // no link is up; at a receiver, none that brought anything
	Since   time.Time // nothing has got through since then; see schedule.Outage.Still
	met     bool      // the peer has been met
	Whole   bool      // at a receiver: all of the stream is here
	Links   int       // at a sender: how many are up
	Over    bool      // all is delivered, and the sender knows
	failed  bool      // it is over in another way
}

// look notes how things stand, and returns what there is to tell.
func (o *outcry) look(now time.Time, p Plight, t schedule.Timing) News {
	switch {
	case p.failed || t.Tell == 0:
		return NewsNone
	case p.Over:
		return o.well(now, true)
	case !p.Without:
		o.down = time.Time{}
	case !p.met:
		o.down = p.Since
	case o.down.IsZero() || !o.met:
		o.down = schedule.Later(now, p.Since) // the supervisor may have been held up since it asked what time it is
	}
	o.met = p.met
	switch told := !o.said.IsZero(); {
	case !p.Without && (now.Sub(p.Since) < t.Tell || told && o.first):
		return o.well(now, false)
	case !told && !(p.Without && now.Sub(o.down) >= t.Tell) && now.Sub(p.Since) < schedule.TellStuck*t.Tell:
		return NewsNone
	case !told, o.first && p.met && p.Without && now.Sub(o.down) >= t.Tell: // the peer came, and went before that was said
		o.since, o.first, o.said, o.back = p.Since, !p.met, now, time.Time{}
		return NewsBegins
	}
	o.back = time.Time{}
	if now.Sub(o.said) < t.TellAgain {
		return NewsNone
	}
	o.said = now
	return NewsLasts
}

// well notes that a link is up and nothing stands still or, if last (the final look), that no link is needed.
func (o *outcry) well(now time.Time, last bool) News {
	if o.said.IsZero() {
		return NewsNone
	}
	if o.back.IsZero() {
		o.back = now
	}
	if !last && now.Sub(o.back) < schedule.TellSettled {
		return NewsNone
	}
	o.said = time.Time{}
	return NewsEnds
}

// outage is what there is to tell about a stream that waits until then, by which limit.
func (o *outcry) outage(n News, now, until time.Time, limit observe.Limit) observe.Outage {
	e := observe.Outage{First: o.first, Since: o.since, At: now, Until: until, Limit: limit}
	switch n {
	case NewsBegins:
		e.Phase = observe.OutageBegins
	case NewsLasts:
		e.Phase = observe.OutageLasts
	case NewsEnds:
		e.Phase, e.At = observe.OutageEnds, o.back
	}
	return e
}

// CryOut tells the user that nothing gets through to the peer.
func (l *Life) CryOut(now time.Time) {
	l.Mu.Lock()
	p := l.half.Plight(now)
	p.met, p.failed = l.Outage.Met(), l.Finished && !p.Over
	until, keyword := l.Outage.Deadline(l.half.Patience())
	l.Mu.Unlock()
	n := l.outcry.look(now, p, l.time)
	if n == NewsNone {
		return
	}
	if o := l.outcry.outage(n, now, until, observe.Limit(keyword)); l.half.Cry(&o, n, p) {
		observe.Tell(l.observer, o)
	}
}
