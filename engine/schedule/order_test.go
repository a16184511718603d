package schedule

import (
	"testing"
	"time"
)

// clocked is an Order and a clock that goes on by hand.
type clocked struct {
	*Order
	now time.Time
}

func newClocked(spills ...time.Duration) *clocked {
	c := &clocked{now: time.Unix(1000, 0)}
	c.Order = NewOrder(spills, func(int, bool, time.Duration) {})
	for i := range spills {
		c.Links(i, 1, c.now)
	}
	return c
}

// busy has the first path take legs without an idle moment, at 50 MB/s, and says when another one may.
func (c *clocked) busy(path int, most time.Duration) (after time.Duration) {
	for after < most && !c.May(path, c.now) {
		c.Took(0, 50_000, c.now)
		c.now = c.now.Add(time.Millisecond)
		after += time.Millisecond
	}
	return after
}

func TestOrderSpill(t *testing.T) {
	for _, x := range []struct {
		spill       time.Duration
		least, most time.Duration
	}{
		{SpillAtOnce, 0, 0},
		{100 * time.Millisecond, 90 * time.Millisecond, 200 * time.Millisecond},
		{DefaultSpill, 450 * time.Millisecond, 600 * time.Millisecond},
		{SpillNever, 5 * time.Second, 5 * time.Second},
	} {
		for _, begins := range []time.Duration{x.spill, SpillAtOnce, SpillNever} {
			c := newClocked(DefaultSpill, begins)
			c.SetSpill(1, x.spill) // as its user has changed it
			if got := c.busy(1, 5*time.Second); got < x.least || got > x.most {
				t.Errorf("spill %v, at first %v: helps after %v, want %v to %v", x.spill, begins, got, x.least, x.most)
			}
		}
	}
}

// An idle moment of a tenth of the time is enough: nothing has waited for long.
func TestOrderIdle(t *testing.T) {
	c := newClocked(DefaultSpill, DefaultSpill)
	for range 100 {
		if got := c.busy(1, 90*time.Millisecond); got < 90*time.Millisecond {
			t.Fatal("the second path helps one that has idle moments")
		}
		c.Room(0, 0, c.now)
		c.now = c.now.Add(10 * time.Millisecond)
	}
}

// A moment in which the path still has something to carry is no idle one.
func TestOrderWork(t *testing.T) {
	c := newClocked(DefaultSpill, DefaultSpill)
	for range 10 {
		if got := c.busy(1, 90*time.Millisecond); got < 90*time.Millisecond {
			return
		}
		c.Room(0, 10*time.Millisecond, c.now)
		c.now = c.now.Add(10 * time.Millisecond)
	}
	t.Error("the second path does not help one that is never idle")
}

// Time in which nobody looks is not time in which the paths were busy.
func TestOrderGap(t *testing.T) {
	c := newClocked(DefaultSpill, DefaultSpill)
	c.busy(1, 100*time.Millisecond)
	c.now = c.now.Add(10 * time.Second)
	if c.May(1, c.now) {
		t.Error("the second path helps after a gap")
	}
}

// A path that has no link, or on which nothing gets through, is replaced at once; and not any more when it is back.
func TestOrderReplaces(t *testing.T) {
	for _, spill := range []time.Duration{DefaultSpill, SpillMost, SpillNever} {
		c := newClocked(DefaultSpill, spill)
		c.busy(1, 100*time.Millisecond)
		for _, x := range []struct{ away, back func() }{
			{func() { c.Links(0, -1, c.now) }, func() { c.Links(0, 1, c.now) }},
			{func() { c.Late(0, 120*time.Millisecond, time.Millisecond, 0, c.now) }, func() { c.Heard(0, c.now) }},
		} {
			if c.May(1, c.now) {
				t.Errorf("spill %v: the second path helps", spill)
			}
			if x.away(); !c.May(1, c.now) {
				t.Errorf("spill %v: the path is not replaced", spill)
			}
			x.back()
		}
		c.Late(0, 120*time.Millisecond, 50*time.Millisecond, 0, c.now)
		if c.May(1, c.now) {
			t.Errorf("spill %v: a path with a long round trip is replaced too soon", spill)
		}
	}
}

// The third path leaves to the second what that has room for.
func TestOrderInTurn(t *testing.T) {
	c := newClocked(DefaultSpill, DefaultSpill, SpillAtOnce)
	if got := c.busy(2, 400*time.Millisecond); got < 400*time.Millisecond {
		t.Errorf("the third path helps after %v, before the second", got)
	}
	c = newClocked(DefaultSpill, SpillNever, SpillAtOnce)
	if !c.May(2, c.now) {
		t.Error("the third path waits for one that is never used")
	}
}

// What a path that helps takes is what the first one lacks, once that is known.
func TestOrderAllowance(t *testing.T) {
	c := newClocked(DefaultSpill, DefaultSpill)
	const rate, need = 50_000, 65_000 // bytes a millisecond
	waits, second, first := 0, 0, 0
	for i := range 10_000 {
		waits += need
		took := min(waits, rate)
		if took > 0 {
			c.Took(0, took, c.now)
		}
		waits -= took
		for n := 0; n < 2*rate && waits >= 16_000 && c.May(1, c.now); n += 16_000 { // the path is twice as fast as the first
			c.Took(1, 16_000, c.now)
			waits -= 16_000
			if i >= 2000 {
				second += 16_000
			}
		}
		if i >= 2000 {
			first += took
		}
		if took < rate {
			c.Room(0, 0, c.now)
		}
		c.now = c.now.Add(time.Millisecond)
	}
	full := float64(first) / (8000 * rate)
	if part := float64(second) / float64(first+second); full < 0.97 || part < 0.20 || part > 0.26 {
		t.Errorf("the first path is %.3f full, the second has %.3f of the stream, want 1 and 0.23", full, part)
	}
}
