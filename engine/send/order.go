package send

import (
	"cmp"
	"time"

	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/send/ingest"
)

// What schedule.Order is told of the links, and asked.

// newOrder makes the keeper of the user's order of paths.
func (s *Sender) newOrder() *schedule.Order {
	var spills []time.Duration
	for _, p := range s.paths {
		spills = append(spills, cmp.Or(p.Spill, schedule.DefaultSpill))
	}
	return schedule.NewOrder(spills, func(path int, helps bool) {
		observe.Tell(s.observer, observe.PathHelps{Path: s.paths[path].String(), Helps: helps, Spill: spills[path]})
	})
}

// isHeld reports whether the link's path must leave new legs to the paths before it. It asks once in a match, for all links of the
// path.
func (l *txloop) isHeld(k *txlink) bool {
	bit := uint64(1) << k.path.Order
	if l.held&bit == 0 && !l.s.order.May(k.path.Order, l.Now) {
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
	if s.order == nil {
		return
	}
	switch why {
	case ingest.NoInput, ingest.Paused:
	case ingest.NoRoom:
		if s.window.Open() || s.window.Pressed(now) {
			return
		}
	default:
		return
	}
	bytes := k.path.Flow.Held()
	for _, o := range k.owner.Links {
		if o.path == k.path {
			bytes += o.queue.Unsent
		}
	}
	s.order.Room(k.path.Order, bytes, k.queue.MinRTT, now)
}

// counts tells whether the link can carry something.
func (k *txlink) counts(can bool) {
	if can == k.counted {
		return
	}
	k.counted = can
	more := 1
	if !can {
		more = -1
	}
	k.s.order.Links(k.path.Order, more, k.Loop.Now)
}
