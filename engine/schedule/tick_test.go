package schedule

import (
	"testing"
	"time"
)

// A clock's next tick is at a multiple of its interval, and never at once.
func TestToTick(t *testing.T) {
	at := time.Unix(1000, 0)
	for _, c := range []struct{ past, want time.Duration }{
		{0, time.Second},
		{time.Nanosecond, time.Second - time.Nanosecond},
		{750 * time.Millisecond, 250 * time.Millisecond},
		{751 * time.Millisecond, 1249 * time.Millisecond},
	} {
		if got := ToTick(at.Add(c.past), time.Second); got != c.want {
			t.Errorf("%v after a tick: %v, want %v", c.past, got, c.want)
		}
	}
}
