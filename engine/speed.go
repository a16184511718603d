package engine

import (
	"sync/atomic"
	"time"
)

// trip is a leg's journey on a link, from the time the link took it.
type trip struct {
	from  time.Time
	bytes int
}

// speed is what a link has shown to carry, smoothed. The zero speed is unknown.
type speed struct {
	rate  float64   // bytes a second
	acked time.Time // when legs were last known to be received
}

// A leg is what its link sends in legTime, so that a slow link does not hold a leg for long; on a link that has shown
// nothing yet, and on a very slow one, it has legLeast bytes.
const (
	legTime  = 5 * time.Millisecond
	legLeast = 64 << 10
)

// learn takes in trips that ended now, in order, at least one, and returns how long the last one took. A link that was
// idle before them was busy only since the first began.
func (s *speed) learn(ended []trip, now time.Time) (took time.Duration) {
	bytes := 0
	for _, t := range ended {
		bytes += t.bytes
	}
	busy := now.Sub(ended[0].from)
	if since := now.Sub(s.acked); since < busy {
		busy = since
	}
	s.acked = now
	rate := float64(bytes) / max(busy, time.Microsecond).Seconds()
	if s.rate == 0 {
		s.rate = rate
	}
	s.rate += (rate - s.rate) / 4
	return now.Sub(ended[len(ended)-1].from)
}

// most is the largest leg that the link should take, in bytes, at most limit.
func (s *speed) most(limit int) int {
	return min(limit, max(legLeast, int(min(s.rate*legTime.Seconds(), MaxLeg))/MinLeg*MinLeg))
}

// usual is how long a leg usually takes from its link to the receiver and its ack back, over all links, in nanoseconds.
// Any loop may use it.
type usual struct{ ns atomic.Int64 }

// late is after how long a leg is late: a leg that takes many times as long as the others is on a slow or silent link.
func (u *usual) late() time.Duration {
	return max(lateLeast, lateTimes*time.Duration(u.ns.Load()))
}

const (
	lateLeast = 100 * time.Millisecond // not to be hasty where all takes next to no time
	lateTimes = 4
)

// learn takes in how long a leg took. One that took very long counts as merely long: it is the exception that late is
// there to tell.
func (u *usual) learn(took time.Duration) {
	was := u.ns.Load()
	u.ns.Store(was + (min(int64(took), 2*was+int64(time.Millisecond))-was)/16)
}
