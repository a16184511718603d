package engine

import (
	"testing"
	"time"

	"viamillipede/engine/loop"
	"viamillipede/engine/schedule"
)

// While a deep queue holds back what a peer would say, what its kernel acknowledges proves that it lives, and a link that carries
// nothing has time.
func TestSilenceBehindADeepQueue(t *testing.T) {
	start := time.Unix(100, 0)
	for _, c := range []struct {
		name         string
		deep, others bool
		carries      bool
		moved, after time.Duration
		want         bool
	}{
		{name: "no queue", others: true, carries: true, moved: 9 * time.Second, after: 10 * time.Second, want: true},
		{name: "heard a moment ago", deep: true, after: time.Second},
		{name: "a queue", deep: true, others: true, carries: true, after: 10 * time.Second},
		{name: "a queue, acknowledged", deep: true, others: true, carries: true, moved: 50 * time.Second, after: 60 * time.Second},
		{name: "a queue, nothing acknowledged", deep: true, others: true, carries: true, after: 60 * time.Second, want: true},
		{name: "a queue, all silent", deep: true, carries: true, after: 60 * time.Second, want: true},
		{name: "a queue, idle", deep: true, others: true, after: 60 * time.Second},
		{name: "a queue, idle for too long", deep: true, others: true, after: 200 * time.Second, want: true},
	} {
		s := &Sender{}
		s.time = schedule.Timing{Dead: 4 * time.Second, Stall: time.Second}
		k := &txlink{s: s, path: newPath(Path{}, 0), linkState: linkState{loop: &loop.Loop{Now: start.Add(c.after)}, heard: start}}
		if c.carries {
			k.trips = make([]schedule.Trip, 1)
		}
		if c.deep {
			deepen(&k.path.flow, start)
		}
		k.watch.moved = start.Add(c.moved)
		if c.others {
			k.path.flow.Hear(k.loop.Now)
		}
		if got := k.silent(); got != c.want {
			t.Errorf("%s: silent %v, want %v", c.name, got, c.want)
		}
	}
}

// deepen has the path hold 8 s of bytes at that time, after it brought some.
func deepen(f *schedule.PathFlow, at time.Time) {
	const rate, step = 20_000, 50 * time.Millisecond
	f.Look(10*rate, 0, at.Add(-2*time.Second))
	for t := at.Add(-2*time.Second + step); !t.After(at); t = t.Add(step) {
		f.Look(-rate/20, rate/20, t)
	}
}
