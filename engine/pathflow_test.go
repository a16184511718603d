package engine

import (
	"testing"
	"time"
)

// Sixteen links of one path begin with ten packets each, and the path carries 32,000 bytes a second: what waits is known from its
// first second on, and follows what is sent and acknowledged.
func TestPathFlowShowsADeepQueue(t *testing.T) {
	const rate, first = 32_000, 16 * 14_600
	now := time.Unix(100, 0)
	var f pathFlow
	f.look(first, 0, now)
	if got := f.sojourn(); got != 0 {
		t.Errorf("%v before anything was acknowledged", got)
	}
	acknowledge := func(d time.Duration, more int) {
		for end := now.Add(d); now.Before(end); {
			now = now.Add(50 * time.Millisecond)
			f.look(more-rate/20, rate/20, now)
		}
	}
	acknowledge(time.Second, 0)
	if want, got := time.Duration(first-rate)*time.Second/rate, f.sojourn(); (got - want).Abs() > want/10 {
		t.Errorf("%v after a second, want %v", got, want)
	}
	acknowledge(30*time.Second, rate/20)
	if want, got := time.Duration(first-rate)*time.Second/rate, f.sojourn(); (got - want).Abs() > want/20 {
		t.Errorf("%v while as much comes as goes, want %v", got, want)
	}
	was := f.sojourn()
	f.look(0, 0, now.Add(time.Hour))
	if got := f.sojourn(); got != was {
		t.Errorf("%v, and %v when nothing is acknowledged any more", was, got)
	}
	f.look(-(first - rate), 0, now)
	if got := f.sojourn(); got != 0 {
		t.Errorf("%v of an empty queue", got)
	}
}

// A path that is busy for a moment now and then is as fast as it is in these moments.
func TestPathFlowOfAnIdlePath(t *testing.T) {
	now := time.Unix(100, 0)
	var f pathFlow
	for range 100 {
		f.look(64<<10, 0, now)
		f.look(-32<<10, 32<<10, now.Add(time.Millisecond))
		if got := f.sojourn(); got > 10*time.Millisecond {
			t.Fatalf("a sojourn of %v", got)
		}
		f.look(-32<<10, 32<<10, now.Add(2*time.Millisecond))
		now = now.Add(time.Second)
	}
	f.look(64<<10, 0, now) // and then the path is dead
	if got := f.sojourn(); got != 0 {
		t.Errorf("a sojourn of %v where nothing comes through", got)
	}
}

func TestStalledAfter(t *testing.T) {
	const least, most = time.Second, 2 * time.Minute
	for _, c := range []struct{ rtt, queue, want time.Duration }{
		{0, 0, least},
		{100 * time.Millisecond, 0, least},
		{time.Second, 0, 4 * time.Second},
		{time.Millisecond, 8 * time.Second, 16 * time.Second},
		{32 * time.Second, 32 * time.Second, most}, // a dead lane among others is found
	} {
		if got := stalledAfter(c.rtt, c.queue, least, most); got != c.want {
			t.Errorf("round trip %v, queue %v: %v, want %v", c.rtt, c.queue, got, c.want)
		}
	}
}

// Links of the same path are of no use to a leg that waits in their common queue; links of others are.
func TestRescueOnTheSamePath(t *testing.T) {
	now := time.Unix(100, 0)
	for _, c := range []struct {
		name  string
		same  sameWay
		path  int
		fresh bool
		after time.Duration
		want  bool
	}{
		{"no queue", sameWay{}, 0, true, 0, true},
		{"a queue", sameWay{queued: now.Add(time.Second)}, 0, false, 0, false},
		{"a queue that is through", sameWay{queued: now.Add(time.Second)}, 0, false, time.Second, true},
		{"a queue on another path", sameWay{queued: now.Add(time.Second)}, 1, false, 0, true},
		{"it moves, and the other one has shown nothing", sameWay{moving: now.Add(time.Second)}, 0, true, 0, false},
		{"it moves, and the other one is fast", sameWay{moving: now.Add(time.Second)}, 0, false, 0, true},
		{"it stands", sameWay{moving: now.Add(time.Second)}, 0, true, time.Second, true},
	} {
		w := newWindow(8, 0, 1<<20)
		w.add(&leg{length: 1000}, now)
		w.onItsWay(0, 3, 0)
		if !w.offer(0, time.Time{}, c.same) {
			t.Fatalf("%s: the leg is not offered", c.name)
		}
		l, _ := w.rescue(4, c.path, c.fresh, now.Add(c.after), time.Second, func(int) time.Duration { return 0 })
		if got := l != nil; got != c.want {
			t.Errorf("%s: rescued %v, want %v", c.name, got, c.want)
		}
	}
}

// What comes once a second on a slow link is its rate, and not that it has none.
func TestSpeedOfASlowLink(t *testing.T) {
	now := time.Unix(100, 0)
	var s speed
	s.depart(now)
	acked := uint64(0)
	for i := range 3000 {
		now = now.Add(10 * time.Millisecond)
		if i%100 == 99 {
			acked += 2000
		}
		s.look(acked, false, time.Millisecond, 8*time.Second, now)
	}
	if s.rate < 1800 || s.rate > 2200 {
		t.Errorf("%.0f bytes a second, of 2000", s.rate)
	}
	for range 2000 { // far more than 8 s without anything
		now = now.Add(10 * time.Millisecond)
		s.look(acked, false, time.Millisecond, 8*time.Second, now)
	}
	if s.rate > 1000 {
		t.Errorf("%.0f bytes a second of a link on which nothing comes any more", s.rate)
	}
}
