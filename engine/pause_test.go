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
		k := &keeper{s: &Sender{time: timing}, anchor: c.anchor}
		if got := k.pause(c.last, c.a); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestJitterSpreadsRarePauses(t *testing.T) {
	k := &keeper{s: &Sender{time: DefaultTiming}}
	for _, c := range [][2]time.Duration{{time.Second, 1250 * time.Millisecond}, {time.Minute, 2 * time.Minute}} {
		least, most := 2*c[1], time.Duration(0)
		for range 1000 {
			d := k.jitter(c[0])
			least, most = min(least, d), max(most, d)
		}
		if least < c[0] || most > c[1] || most-least < (c[1]-c[0])/2 {
			t.Errorf("%v becomes %v to %v, want up to %v", c[0], least, most, c[1])
		}
	}
}
