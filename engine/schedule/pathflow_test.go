package schedule

import (
	"testing"
	"time"
)

// Sixteen links of one path begin with ten packets each, and the path carries 32,000 bytes a second: what waits is known from its
// first second on, and follows what is sent and acknowledged.
func TestPathFlowShowsADeepQueue(t *testing.T) {
	const rate, first = 32_000, 16 * 14_600
	now := time.Unix(100, 0)
	var f PathFlow
	f.Look(first, 0, now)
	if got := f.Sojourn(); got != 0 {
		t.Errorf("%v before anything was acknowledged", got)
	}
	acknowledge := func(d time.Duration, more int) {
		for end := now.Add(d); now.Before(end); {
			now = now.Add(50 * time.Millisecond)
			f.Look(more-rate/20, rate/20, now)
		}
	}
	acknowledge(time.Second, 0)
	if want, got := time.Duration(first-rate)*time.Second/rate, f.Sojourn(); (got - want).Abs() > want/10 {
		t.Errorf("%v after a second, want %v", got, want)
	}
	acknowledge(30*time.Second, rate/20)
	if want, got := time.Duration(first-rate)*time.Second/rate, f.Sojourn(); (got - want).Abs() > want/20 {
		t.Errorf("%v while as much comes as goes, want %v", got, want)
	}
	was := f.Sojourn()
	f.Look(0, 0, now.Add(time.Hour))
	if got := f.Sojourn(); got != was {
		t.Errorf("%v, and %v when nothing is acknowledged any more", was, got)
	}
	f.Look(-(first - rate), 0, now)
	if got := f.Sojourn(); got != 0 {
		t.Errorf("%v of an empty queue", got)
	}
}

// A path that is busy for a moment now and then is as fast as it is in these moments.
func TestPathFlowOfAnIdlePath(t *testing.T) {
	now := time.Unix(100, 0)
	var f PathFlow
	for range 100 {
		f.Look(64<<10, 0, now)
		f.Look(-32<<10, 32<<10, now.Add(time.Millisecond))
		if got := f.Sojourn(); got > 10*time.Millisecond {
			t.Fatalf("a sojourn of %v", got)
		}
		f.Look(-32<<10, 32<<10, now.Add(2*time.Millisecond))
		now = now.Add(time.Second)
	}
	f.Look(64<<10, 0, now) // and then the path is dead
	if got := f.Sojourn(); got != 0 {
		t.Errorf("a sojourn of %v where nothing comes through", got)
	}
}

// A queue of 8 s drains, because little more comes: it is still one queue, behind which a second copy is of no use, until the path
// brings less than half of what it did, or nothing. How deep it was is remembered, and then forgotten.
func TestPathFlowOfAQueueThatDrains(t *testing.T) {
	const rate, deep, least = 32_000, 250 * time.Millisecond, time.Second
	now := time.Unix(100, 0)
	var f PathFlow
	if f.Queued(deep, least, now) {
		t.Error("queued, with nothing on its way")
	}
	f.Look(8*rate, 0, now)
	if !f.Queued(deep, least, now) {
		t.Error("not taken for a queue before anything is known")
	}
	brings := func(d time.Duration, rate, more int, want bool) {
		t.Helper()
		for end := now.Add(d); now.Before(end); {
			now = now.Add(50 * time.Millisecond)
			f.Look((more-rate)/20, rate/20, now)
		}
		if got := f.Queued(deep, least, now); got != want {
			t.Errorf("queued %v, want %v, with %v before a packet", got, want, f.Sojourn())
		}
	}
	brings(7*time.Second, rate, 0, true)
	if d := f.Longest(); d < 5*time.Second {
		t.Errorf("a queue of %v is remembered", d)
	}
	brings(time.Second-time.Second/10, rate, 0, true)
	brings(30*time.Second, rate, rate, true)
	if d := f.Longest(); d > time.Second {
		t.Errorf("a queue of %v is still remembered", d)
	}
	f.Look(-2000, 2000, now)
	brings(5*time.Second, rate/4, rate/4, false)

	f.Look(8*rate, 0, now)
	brings(5*time.Second, rate, rate, true)
	if now = now.Add(time.Minute); f.Queued(deep, least, now) {
		t.Error("queued, while nothing is acknowledged")
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
		if got := StalledAfter(c.rtt, c.queue, least, most); got != c.want {
			t.Errorf("round trip %v, queue %v: %v, want %v", c.rtt, c.queue, got, c.want)
		}
	}
}

// What comes once a second on a slow link is its rate, and not that it has none.
func TestSpeedOfASlowLink(t *testing.T) {
	now := time.Unix(100, 0)
	var s Speed
	s.Depart(now)
	acked := uint64(0)
	for i := range 3000 {
		now = now.Add(10 * time.Millisecond)
		if i%100 == 99 {
			acked += 2000
		}
		s.Look(acked, false, time.Millisecond, 8*time.Second, now)
	}
	if s.Rate < 1800 || s.Rate > 2200 {
		t.Errorf("%.0f bytes a second, of 2000", s.Rate)
	}
	for range 2000 { // far more than 8 s without anything
		now = now.Add(10 * time.Millisecond)
		s.Look(acked, false, time.Millisecond, 8*time.Second, now)
	}
	if s.Rate > 1000 {
		t.Errorf("%.0f bytes a second of a link on which nothing comes any more", s.Rate)
	}
}
