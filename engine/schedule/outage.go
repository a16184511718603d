package schedule

import "time"

// Reply is what an attempt to connect on a path showed about the peer.
type Reply int

const (
	ReplyNone    Reply = iota // silence, no route, no name; or not tried yet
	ReplyUnmet                // the host answered that nobody serves the stream there, but the peer was never met there
	ReplyUnknown              // likewise, and a receiver does: it does not know this stream, so it is not ours
	ReplyRefused              // the host answered that nobody serves the stream, where this very peer was met
	ReplyGone                 // likewise, and a receiver does, but it does not know this stream
	ReplyElse                 // anything else: accepted, then closed before a welcome, as by a port forwarder or a full door
)

// refuses reports whether the reply says that the peer is no longer where it was met.
func (r Reply) refuses() bool { return r == ReplyRefused || r == ReplyGone }

// Both combines what two addresses of a path say about the peer. They lead to the same receiver, so silence from one takes
// nothing from what the other says, while an answer other than a refusal does.
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
	EndClosed               // the peer's side closed it without a word, as a process that dies does with all of its links
	EndReset                // likewise, by a reset: a weaker sign, since anything on the way can send one
)

// Outage tells a dead peer from a dead network, which is waited out. It is a state machine that is fed with events and their
// times; it reads no clock. It has no lock: its owner guards it.
//
//	                           the peer's host refuses without a break,     silence, or
//	no link is up for          or its links ended without a word            any other answer
//	--------------------------------------------------------------------------------------
//	less than dead             wait                                         wait
//	dead to giveup             the peer is gone                             wait
//	giveup and more            lost                                         lost
//
// The end that dials looks at the replies to its attempts, not at how links ended. A run of refusals begins when no link is up,
// some path on which this very peer was met refuses, and no path gives any other answer; silent paths neither prove nor delay
// it. A link that comes up, another answer, or silence on all paths ends it. The peer is gone when the last refusal of a run
// comes dead after the first. If every path leads to a receiver that does not know the stream, the wait ends at once.
//
// The end that listens cannot ask. Its sign is a link that lived and that the peer's side ended without a word, as long as
// nothing has been heard from the peer since: no link came up, and none that ended otherwise brought anything later. A link
// that never brought a frame is no sign by itself, since anything on the way can accept it and close it. But if others were
// reset, it shows who did that: a process that dies resets the links on which it had something to read, and closes the others. And one
// that came up after a sign was on its way when the peer died, if it ends like the others: the sign counts again, from then on.
//
// giveup counts from when payload last moved while there was some to move; see Progress. While payload seems to move, that counts
// too, until it turns out that it did not; see Hope. Where the peer goes and comes again, the time that it is away does not count; see Forget.
type Outage struct {
	contact bool      // the peer has been met
	since   time.Time // when payload last moved; before contact, the start
	up      int       // links

	still time.Duration // before contact: how long nothing moved while the peer was there that has gone

	hoped     time.Time // when payload last seemed to move; zero: it does not
	despaired time.Time // when it last turned out that it had not; zero: it has moved since

	replies        []Reply   // the last of each path since no link is up
	refused, again time.Time // the first and the last refusal of the run; zero: there is none

	closed, reset time.Time // when a link last ended so; zero: no sign, or no longer one
	shut          time.Time // likewise, for a link that was closed and had never brought a frame
	before        bool      // there was such a sign when a link came up, and nothing more has been heard from the peer
}

// Fate is the verdict on an outage.
type Fate int

const (
	FateWait    Fate = iota // nothing yet
	FateRefused             // the peer is gone: its host refuses
	FateUnknown             // the peer is gone: other receivers are in its place
	FateClosed              // the peer is gone: its links ended without a word
	FateLost                // giveup has passed
)

// Start notes that an end begins to wait for its peer. So many paths lead there, at the end that listens none.
func (o *Outage) Start(now time.Time, paths int) { o.since, o.replies = now, make([]Reply, paths) }

// Forget notes that the peer which was met no longer concerns the stream: the end that listens waits for any. Should it be the same one that
// comes next, and nothing moves then either, giveup has not begun anew: each of its links may have died of what swallows payload.
func (o *Outage) Forget(now time.Time) {
	still := o.still
	if o.contact {
		still = now.Sub(o.Still())
	}
	*o = Outage{since: Later(o.since, now), still: max(0, still)}
}

// Other notes that the peer which is about to be met is not the one that was forgotten.
func (o *Outage) Other() { o.still = 0 }

// Met reports whether the peer has ever answered.
func (o *Outage) Met() bool { return o.contact }

// Moved is when payload last moved while it had to; before the peer was met, the start.
func (o *Outage) Moved() time.Time { return o.since }

// LinkUp notes that a link came up.
func (o *Outage) LinkUp(now time.Time) {
	o.Meet(now)
	o.up++
	before := o.before || !o.closed.IsZero() || !o.reset.IsZero()
	o.begin()
	o.before = before
}

// begin forgets all signs of a dead peer.
func (o *Outage) begin() {
	clear(o.replies)
	o.refused, o.again = time.Time{}, time.Time{}
	o.hear()
}

// hear forgets how links ended, because the peer has lived on.
func (o *Outage) hear() {
	o.closed, o.reset, o.shut, o.before = time.Time{}, time.Time{}, time.Time{}, false
}

// Meet records that the peer has answered.
func (o *Outage) Meet(now time.Time) {
	if !o.contact {
		o.contact, o.since, o.still = true, now.Add(-o.still), 0
	}
}

// Progress notes that payload moved at that time, or that nothing had to.
func (o *Outage) Progress(at time.Time) {
	o.since = Later(o.since, at)
	if at.After(o.despaired) {
		o.despaired = time.Time{}
	}
}

// Hope notes that payload seemed to move at that time: giveup counts from there, unless such hope was wrong before.
func (o *Outage) Hope(at time.Time) {
	if o.despaired.IsZero() {
		o.hoped = Later(o.hoped, at)
	}
}

// Despair notes that payload which seemed to move did not get through. Until some does, hope counts for nothing.
func (o *Outage) Despair(now time.Time) { o.hoped, o.despaired = time.Time{}, now }

// Still is the time since which nothing moves, as far as is known: giveup counts from here.
func (o *Outage) Still() time.Time { return Later(o.since, o.hoped) }

// LinkLost notes the end of a link on which the peer was last heard at heard; proved tells whether it ever brought a frame.
func (o *Outage) LinkLost(how Ending, proved bool, heard, now time.Time) {
	o.up--
	counts := proved || o.before
	switch {
	case counts && how == EndClosed:
		o.closed = now
	case counts && how == EndReset:
		o.reset = now
	case how == EndClosed:
		o.shut = now
	case !proved:
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

// Judge gives the verdict. dead and giveup are the user's; a negative one never passes.
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

// Away is how long ago a link last ended without a word, with none since; it means something where Judge says FateClosed.
func (o *Outage) Away(now time.Time) time.Duration {
	return now.Sub(Later(o.closed, o.reset)).Round(100 * time.Millisecond)
}

// Deadline is when the stream will fail if nothing happens until then, and by which keyword; zero: never.
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
