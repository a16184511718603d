package schedule

import (
	"testing"
	"time"
)

// A source that always has more gives the pace, however late its legs are taken, and one that was held up makes up for little.
func TestPace(t *testing.T) {
	const rate, bytes = 10 << 20, 256 << 10
	p := PaceOf(rate)
	var due, now time.Duration
	sent := 0
	for now < 10*time.Second {
		due = p.Next(due, now, bytes)
		sent += bytes
		now = max(now, due) + 3*time.Millisecond // the timer is late
	}
	if got := float64(sent) / now.Seconds(); got < 0.98*rate || got > 1.02*rate {
		t.Errorf("%.0f bytes a second, want %d", got, rate)
	}
	if next := p.Next(due, now+time.Hour, bytes); next < now+time.Hour-paceCredit {
		t.Errorf("after an hour the next leg may come %v before that", now+time.Hour-next)
	}
	if next := PaceOf(0).Next(time.Hour, time.Second, bytes); next != time.Second {
		t.Errorf("without a pace the next leg has to wait until %v", next)
	}
}

func TestPaceBoundsLegs(t *testing.T) {
	for _, c := range []struct {
		rate        uint64
		most, wants int
	}{
		{0, 1 << 20, 1 << 20},
		{64 << 10, 1 << 20, MinLeg},
		{10 << 20, 1 << 20, 512 << 10},
		{1 << 40, 1 << 20, 1 << 20},
		{10 << 20, MinLeg, MinLeg},
	} {
		if got := PaceOf(c.rate).Most(c.most); got != c.wants {
			t.Errorf("%d bytes a second: legs of %d, want %d", c.rate, got, c.wants)
		}
	}
}
