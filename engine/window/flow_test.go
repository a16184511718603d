package window

import (
	"testing"
	"time"
)

// The flow of legs rises at once and sinks slowly.
func TestFlow(t *testing.T) {
	var f flow
	now, next := time.Unix(1, 0), uint64(0)
	run := func(each uint64) {
		for range 10 {
			now, next = now.Add(100*time.Millisecond), next+each
			f.look(next, now)
		}
	}
	run(100)
	if f.legs < 990 || f.legs > 1010 {
		t.Errorf("%.0f legs a second, want 1000", f.legs)
	}
	run(0)
	if f.legs < 500 || f.legs > 900 {
		t.Errorf("%.0f legs a second after a stop of a second", f.legs)
	}
}
