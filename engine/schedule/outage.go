package schedule

import "time"

// Reply is what an attempt to connect on a path showed of the peer.
type Reply int

const (
	ReplyNone    Reply = iota // silence, no route, no name; or not tried yet
	ReplyUnmet                // the host answered that nobody serves the stream there, but the peer was never met there
	ReplyUnknown              // likewise, and a receiver does: it does not know this stream, so it is not ours
	ReplyRefused              // the host answered that nobody serves the stream where this very peer was met
	ReplyGone                 // likewise, and a receiver does that does not know this stream
	ReplyElse                 // something else: taken and then closed before a welcome, as a port forwarder or a full door does
)

// refuses reports whether that says that the peer is not where it was met.
func (r Reply) refuses() bool { return r == ReplyRefused || r == ReplyGone }

// Both is what two addresses of a path say of the peer together. They lead to the same receiver, so one that is silent takes
// nothing from what the other says; another answer than a refusal does.
func (r Reply) Both(q Reply) Reply {
	if r != ReplyElse && q != ReplyElse && (r == ReplyRefused || q == ReplyRefused) {
		return ReplyRefused
	}
	return max(r, q)
}

// Ending is how a link ended, as a sign of what has become of the peer.
type Ending int

const (
	EndNoSign Ending = iota // we gave it up, the peer said why, or the network did it
	EndClosed               // from the peer's side, without a word, as a process that dies ends all of its links
	EndReset                // likewise, by a reset: anything on the way can send one, so that it is a weaker sign
)

// Outage tells a dead peer from a dead network, which is waited out. It is a state machine of what happened and when, and
// knows of no clock: the time is an argument. It has no lock: whoever has it guards it.
//
//	                           the peer's host refuses without a break,     silence, or
//	no link is up for          or its links ended without a word            any other answer
//	--------------------------------------------------------------------------------------
//	less than dead             wait                                         wait
//	dead to giveup             the peer is gone                             wait
//	giveup and more            lost                                         lost
//
// The end that dials looks at the replies to its attempts, and not at how links ended. A run of refusals begins when no link
// is up, some path refuses by which this very peer was met, and no path gives any other answer; silent paths neither prove
// nor delay it. A link that comes up, another answer, or silence on all paths ends it. The peer is gone when the last refusal
// of a run comes dead after the first. A receiver on every path that does not know the stream ends the wait at once.
//
// The end that listens cannot ask. Its sign is a link that lived and was ended from the peer's side without a word, as long as
// nothing was heard from the peer since: no link came up, and none that ended otherwise brought anything later. A link that never
// brought a frame is no sign by itself, since anything on the way can take it and close it; but where others were reset, it shows
// whose doing that was: a process that dies resets the links on which it had something to read, and closes the others.
//
// giveup counts from when payload last moved while it had to; see Progress. Where it seems to move, that counts too, until it turns
// out that it did not; see Hope.
type Outage struct {
	contact bool      // the peer was met
	since   time.Time // payload last moved then; before contact, the start
	up      int       // links

	hoped     time.Time // when payload last seemed to move; zero: it does not
	despaired time.Time // when it last turned out that it had not; zero: it has moved since

	replies        []Reply   // of each path, since no link is up
	refused, again time.Time // the first and the last refusal of the run; zero: there is none

	closed, reset time.Time // when a link last ended so; zero: that is no sign any more
	shut          time.Time // likewise when one was closed that never brought a frame
}

// Fate is what the outage amounts to.
type Fate int

const (
	FateWait    Fate = iota // nothing yet
	FateRefused             // the peer is gone: its host refuses
	FateUnknown             // the peer is gone: other receivers are in its place
	FateClosed              // the peer is gone: its links ended without a word
	FateLost                // giveup is over
)

// Start notes that an end begins to wait for its peer, to which so many paths lead; at the end that listens, none.
func (o *Outage) Start(now time.Time, paths int) { o.since, o.replies = now, make([]Reply, paths) }

// Forget notes that the peer which was met is no concern of the stream any more: the end that listens waits for any.
func (o *Outage) Forget(now time.Time) { *o = Outage{since: Later(o.since, now)} }

// Met reports whether the peer has ever answered.
func (o *Outage) Met() bool { return o.contact }

// Moved is when payload last moved while it had to; before the peer was met, the start.
func (o *Outage) Moved() time.Time { return o.since }

// LinkUp notes that a link came up.
func (o *Outage) LinkUp(now time.Time) {
	o.Meet(now)
	o.up++
	o.begin()
}

// begin forgets what was a sign of a dead peer.
func (o *Outage) begin() {
	clear(o.replies)
	o.refused, o.again = time.Time{}, time.Time{}
	o.hear()
}

// hear forgets how links ended, since the peer lived on.
func (o *Outage) hear() { o.closed, o.reset, o.shut = time.Time{}, time.Time{}, time.Time{} }

// Meet records that the peer has answered.
func (o *Outage) Meet(now time.Time) {
	if !o.contact {
		o.contact, o.since = true, now
	}
}

// Progress notes that payload moved at that time, or that nothing had to.
func (o *Outage) Progress(at time.Time) {
	o.since = Later(o.since, at)
	if at.After(o.despaired) {
		o.despaired = time.Time{}
	}
}

// Hope notes that payload seemed to move at that time: giveup counts from there, unless that has misled before.
func (o *Outage) Hope(at time.Time) {
	if o.despaired.IsZero() {
		o.hoped = Later(o.hoped, at)
	}
}

// Despair notes that payload which had seemed to move did not get through. Such hopes are worth nothing until some does.
func (o *Outage) Despair(now time.Time) { o.hoped, o.despaired = time.Time{}, now }

// Still is since when nothing moves, as far as is known: giveup counts from here.
func (o *Outage) Still() time.Time { return Later(o.since, o.hoped) }

// LinkLost notes the end of a link on which the peer was last heard at the time given; proved is whether it ever brought a frame.
func (o *Outage) LinkLost(how Ending, proved bool, heard, now time.Time) {
	o.up--
	switch {
	case !proved && how == EndClosed:
		o.shut = now
	case !proved:
	case how == EndClosed:
		o.closed = now
	case how == EndReset:
		o.reset = now
	case heard.After(Later(o.closed, o.reset)):
		o.hear()
	}
	if !o.shut.IsZero() && !o.reset.IsZero() {
		o.closed = now
	}
}

// Attempt notes what an attempt on a path showed. path is its place in the user's order, from 0.
func (o *Outage) Attempt(path int, r Reply, now time.Time) {
	if o.up > 0 {
		return
	}
	o.replies[path] = r
	met, other := false, false
	for _, r := range o.replies {
		met = met || r.refuses()
		other = other || r == ReplyElse
	}
	switch {
	case !met || other:
		o.refused, o.again = time.Time{}, time.Time{}
	case o.refused.IsZero():
		o.refused, o.again = now, now
	case r.refuses():
		o.again = now
	}
}

// unknown reports whether every path leads to a receiver that does not know the stream.
func (o *Outage) unknown() bool {
	for _, r := range o.replies {
		if r != ReplyUnknown && r != ReplyGone {
			return false
		}
	}
	return len(o.replies) > 0
}

// Judge says what the outage amounts to. dead and giveup are the user's; negative is for ever.
func (o *Outage) Judge(now time.Time, dead, giveup time.Duration) Fate {
	gone := func(from, until time.Time, times time.Duration) bool {
		return dead >= 0 && !from.IsZero() && until.Sub(from) >= times*dead
	}
	switch {
	case o.up > 0:
	case o.unknown():
		return FateUnknown
	case gone(o.refused, o.again, 1):
		return FateRefused
	case gone(o.closed, now, 1), gone(o.reset, now, resetTimes):
		return FateClosed
	}
	if giveup >= 0 && now.Sub(o.Still()) >= giveup {
		return FateLost
	}
	return FateWait
}

// Away is for how long no link has come, since one last ended without a word; it means something where judge says FateClosed.
func (o *Outage) Away(now time.Time) time.Duration {
	return now.Sub(Later(o.closed, o.reset)).Round(100 * time.Millisecond)
}

// Deadline is when the stream is to fail if nothing happens until then, and by which keyword; zero is never.
func (o *Outage) Deadline(dead, giveup time.Duration) (at time.Time, keyword string) {
	keyword = "giveup"
	if giveup >= 0 {
		at = o.Still().Add(giveup)
	}
	for _, sign := range []struct {
		from  time.Time
		times time.Duration
	}{{o.refused, 1}, {o.closed, 1}, {o.reset, resetTimes}} {
		if end := sign.from.Add(sign.times * dead); dead >= 0 && !sign.from.IsZero() && (at.IsZero() || end.Before(at)) {
			at, keyword = end, "dead"
		}
	}
	return at, keyword
}

// Later is the later of two times.
func Later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
