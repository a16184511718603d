package send

import (
	"time"

	"viamillipede/engine/schedule"
	"viamillipede/engine/send/ingest"
)

// What schedule.Order is told of the links, and asked.

// isHeld reports whether the link's path must leave new legs to the paths before it. It asks once in a match, for all links of the
// path.
func (l *txloop) isHeld(k *txlink) bool {
	bit := uint64(1) << k.Path.Order
	if l.held&bit == 0 && !k.Order.May(k.Path.Order, l.Now) {
		l.held |= bit
	}
	return l.held&bit != 0
}

// suits reports whether a leg of so many bytes that waits may go by this link. One that a link has sent before may go by any path.
func (k *txlink) suits(bytes int, sent bool) bool {
	return (sent || !k.owner.isHeld(k)) && k.mayTake(bytes)
}

// hasRoom tells that the link could have taken a leg, and why it got none: what keeps the paths before others from carrying more is
// then not that they are full. It is if the window is used up by what they have on their way.
func (k *txlink) hasRoom(why ingest.Hunger) {
	s, now := k.s, k.Loop.Now
	if k.Order == nil {
		return
	}
	switch why {
	case ingest.NoInput, ingest.Paused, ingest.Coding:
	case ingest.NoRoom:
		if s.fleet.Window.Open() || s.fleet.Window.Pressed(now) {
			return
		}
	default:
		return
	}
	k.Order.Room(k.Path.Order, k.workOfPath(), now)
}

// workOfPath is how long the path is busy with what it has taken: the queue in the network, as the link's round trip shows it, and
// what this loop's links have not sent. A guess that is too long would hide that the path has nothing to do, so in doubt it is 0.
func (k *txlink) workOfPath() time.Duration {
	wait, known := k.Path.Flow.Sojourn(), k.Path.Flow.Held() > 0
	if !known {
		return 0
	}
	queue := k.RTT() - k.Queue.MinRTT
	if wait > 0 {
		queue = min(queue, wait-k.Queue.MinRTT)
	}
	unsent, rate := 0, 0.0
	for _, o := range k.owner.Links {
		if o.Path == k.Path {
			unsent += o.Queue.Unsent
			rate += o.Rate
		}
	}
	if rate > 0 {
		queue += time.Duration(min(float64(unsent)/rate, schedule.LegTime.Seconds()) * float64(time.Second))
	}
	return queue - k.Loop.Now.Sub(k.Asked)
}

// mayTake reports whether a leg of so many bytes would hold nobody up on this link.
func (k *txlink) mayTake(bytes int) bool {
	absorbed := k.Absorbed()
	if absorbed == schedule.ForEver {
		return true // there is no other link
	}
	p := k.Prospect()
	if bytes > k.Most() { // a leg sized for another link is no trial, but the best of those that are left has to take it
		p.Idle = 0
		return p.MayTake(bytes, absorbed, 0, false) || p.MayTake(bytes, absorbed, k.owner.soonest(bytes), false)
	}
	// Usually it may whatever the best of all links does, which takes a look at each of them.
	return p.MayTake(bytes, absorbed, 0, false) || p.MayTake(bytes, absorbed, k.owner.findBest(), false)
}
