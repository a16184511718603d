package schedule

import (
	"testing"
	"time"
)

func TestPause(t *testing.T) {
	const ms = time.Millisecond
	timing := Timing{Backoff: 10 * ms, BackoffMost: 2 * time.Second, Rare: 5 * time.Minute}
	for _, c := range []struct {
		name   string
		anchor bool
		last   time.Duration
		a      Attempt
		want   time.Duration
	}{
		{"the first failure", false, 0, Attempt{}, 10 * ms},
		{"one more", false, 10 * ms, Attempt{}, 20 * ms},
		{"a path that is down", false, 2 * time.Second, Attempt{Took: 5 * time.Second}, 2 * time.Second},
		{"not let in", false, 0, Attempt{Took: 5 * time.Second, Beside: true}, 10 * time.Second},
		{"refused beside others", false, 0, Attempt{Took: ms, Beside: true}, 10 * ms},
		{"not let in for long", false, 4 * time.Minute, Attempt{Took: 5 * time.Second, Beside: true}, 5 * time.Minute},
		{"of use", true, time.Minute, Attempt{Linked: true, Use: UseGood, Took: time.Hour, Beside: true}, 10 * ms},
		{"broken at once", false, 10 * ms, Attempt{Linked: true, Took: ms, Beside: true}, 20 * ms},
		{"broken as soon as its pause was over", false, 10 * ms, Attempt{Linked: true, Took: 19 * ms}, 20 * ms},
		{"broken before it carried", false, 2 * time.Second, Attempt{Linked: true, Took: time.Second, Beside: true}, 2 * time.Second},
		{"broken with nothing to carry", false, 40 * ms, Attempt{Linked: true, Took: 40 * ms, Beside: true}, 20 * ms},
		{"cut again and again", false, 10 * ms, Attempt{Linked: true, Took: 50 * ms}, 10 * ms},
		{"nothing got through", false, 0, Attempt{Linked: true, Use: UseWasted, Took: 4 * time.Second, Beside: true}, 8 * time.Second},
		{"nothing for long", false, time.Hour, Attempt{Linked: true, Use: UseWasted, Beside: true}, 5 * time.Minute},
		{"nothing for long, and the first", true, time.Hour, Attempt{Linked: true, Use: UseWasted, Beside: true}, 30 * time.Second},
		{"nothing, on the only path", false, time.Hour, Attempt{Linked: true, Use: UseWasted, Took: time.Hour}, 2 * time.Second},
	} {
		if got := timing.Pause(c.last, c.a, c.anchor); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
