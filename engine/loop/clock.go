package loop

import (
	"time"

	"viamillipede/engine/schedule"
)

// clock says when a loop ticks, and how long it may wait. It is for the loop's thread.
//
// Ticks fall on multiples of their interval, as those of all loops do, of this program and of any other: what wakes a machine for one
// of them wakes it for all, and for the heartbeats that they send each other. Where nothing is going on, they come more rarely.
//
//	every tick -- Calm, in a tick --> the next one comes later -- Stir --> every tick
type clock struct {
	every  time.Duration // between ticks
	due    time.Time     // of the next tick
	calm   bool          // the next one comes later than every
	sooner time.Duration // bounds the next wait; zero: only the next tick does

	Beat time.Duration // a link that has said nothing for so long has to; set by Pace
}

// wind sets the first tick, unless that was done.
func (c *clock) wind(now time.Time) {
	if c.due.IsZero() {
		c.due = now.Add(c.every + schedule.ToTick(now, c.every))
	}
}

// ticks reports whether it is time for a tick, and sets the next one.
func (c *clock) ticks(now time.Time) bool {
	if now.Before(c.due) {
		return false
	}
	c.calm, c.due = false, now.Add(schedule.ToTick(now, c.every))
	return true
}

// Calm says, in a tick, that nothing is going on: the next tick comes after the given interval.
func (l *Loop) Calm(every time.Duration) {
	l.calm, l.due = true, l.Now.Add(schedule.ToTick(l.Now, every))
}

// Stir takes back what Calm said.
func (l *Loop) Stir() {
	if !l.calm {
		return
	}
	l.calm = false
	if due := l.Now.Add(schedule.ToTick(l.Now, l.every)); due.Before(l.due) {
		l.due = due
	}
}

// Pace decides, in a tick, when the next one comes, and what Beat is. While calm, nothing is going on, and links that would have to speak
// before the next tick do so in this one. rest: besides, all links rest.
func (l *Loop) Pace(t schedule.Timing, calm, rest bool) {
	l.Beat = t.Beat - t.Tick/2 // ticks are not on time to the nanosecond
	switch {
	case calm && rest:
		l.Calm(t.RestBeat)
	case calm && t.Beat > t.Tick:
		l.Beat = t.Beat / 2
		l.Calm(t.Beat)
	}
}

// Within makes the next round begin after d (more than 0) at the latest.
func (l *Loop) Within(d time.Duration) {
	if l.sooner == 0 || d < l.sooner {
		l.sooner = d
	}
}

// Soonest returns the bound that Within has set on the next wait, 0 for none, and clears it. A simulation, which has no thread
// and does the rounds itself, calls it too.
func (l *Loop) Soonest() (d time.Duration) {
	d, l.sooner = l.sooner, 0
	return d
}

// patience is how long the round may wait, in milliseconds.
func (l *Loop) patience() int {
	if l.again {
		return 0
	}
	left := l.due.Sub(l.Now)
	if soonest := l.Soonest(); soonest > 0 {
		left = min(left, soonest)
	}
	if left <= 0 {
		return 0
	}
	return int((left + time.Millisecond - 1) / time.Millisecond)
}
