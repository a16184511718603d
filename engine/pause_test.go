package engine

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
		a      attempt
		want   time.Duration
	}{
		{"the first failure", false, 0, attempt{}, 10 * ms},
		{"one more", false, 10 * ms, attempt{}, 20 * ms},
		{"a path that is down", false, 2 * time.Second, attempt{took: 5 * time.Second}, 2 * time.Second},
		{"not let in", false, 0, attempt{took: 5 * time.Second, beside: true}, 10 * time.Second},
		{"refused beside others", false, 0, attempt{took: ms, beside: true}, 10 * ms},
		{"not let in for long", false, 4 * time.Minute, attempt{took: 5 * time.Second, beside: true}, 5 * time.Minute},
		{"of use", true, time.Minute, attempt{linked: true, use: useGood, took: time.Hour, beside: true}, 10 * ms},
		{"broken at once", false, 10 * ms, attempt{linked: true, took: ms, beside: true}, 20 * ms},
		{"broken before it carried", false, 2 * time.Second, attempt{linked: true, took: time.Hour, beside: true}, 2 * time.Second},
		{"nothing got through", false, 0, attempt{linked: true, use: useWasted, took: 4 * time.Second, beside: true}, 8 * time.Second},
		{"nothing for long", false, time.Hour, attempt{linked: true, use: useWasted, beside: true}, 5 * time.Minute},
		{"nothing for long, and the first", true, time.Hour, attempt{linked: true, use: useWasted, beside: true}, 30 * time.Second},
		{"nothing, on the only path", false, time.Hour, attempt{linked: true, use: useWasted, took: time.Hour}, 2 * time.Second},
	} {
		if got := timing.pause(c.last, c.a, c.anchor); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
