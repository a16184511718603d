package stream

import (
	"time"

	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
)

// Pulse tells what a link has carried in the last second, from the bytes that it had carried at each of the latest ticks. It belongs
// to its loop's thread.
type Pulse struct {
	marks [schedule.PulseMarks]mark
	next  int // of marks, to be written
}

// mark is how many bytes there were at a time; zero: not set yet.
type mark struct {
	at    time.Time
	bytes uint64
}

// Beat notes how many bytes there are now.
func (p *Pulse) Beat(now time.Time, bytes uint64) {
	p.marks[p.next] = mark{now, bytes}
	p.next = (p.next + 1) % schedule.PulseMarks
}

// rate is bytes a second since the tick that is a second ago, or the nearest to that.
func (p *Pulse) rate(now time.Time, bytes uint64) uint64 {
	var best mark
	for _, m := range p.marks {
		if !m.at.IsZero() && (best.at.IsZero() || distance(m, now) < distance(best, now)) {
			best = m
		}
	}
	if best.at.IsZero() || bytes < best.bytes {
		return 0
	}
	return observe.PerSecond(bytes-best.bytes, now.Sub(best.at))
}

// distance is how far a mark is from the one that is wanted.
func distance(m mark, now time.Time) time.Duration { return (now.Sub(m.at) - schedule.PulseTime).Abs() }
