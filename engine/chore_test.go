package engine

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"viamillipede/engine/loop"
	"viamillipede/engine/schedule"
)

// loading is a prover whose load takes so long.
func loading(takes time.Duration, loaded *bool) func() (Prover, error) {
	return func() (Prover, error) {
		time.Sleep(takes)
		*loaded = true
		return nil, errors.New("no prover")
	}
}

// The end of a stream waits for the load of its prover, but not for one that does not come back.
func TestEndJoinsTheLoad(t *testing.T) {
	for takes, most := range map[time.Duration]time.Duration{
		schedule.HaltMost / 10: schedule.HaltMost / 10,
		10 * schedule.HaltMost: schedule.HaltMost,
	} {
		synctest.Test(t, func(t *testing.T) {
			loaded, begun := false, time.Now()
			r := &referral{prove: loading(takes, &loaded)}
			r.loading.start(func() { r.load(nil) })
			r.close()
			if took := time.Since(begun); took != most {
				t.Errorf("of a load that takes %v, the end has waited for %v", takes, took)
			}
			if most == takes && !loaded {
				t.Error("the load goes on behind the end")
			}
			time.Sleep(takes) // the bubble's goroutines end
		})
	}
}

// sunken is a loop in whose lookout a fault is met.
type sunken struct{}

func (sunken) Plain() *loop.Loop { panic("mined") }

func TestFaultInTheLookoutEndsTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ends *Error
		end := lookOut([]sunken{{}}, time.Second, nil, func(e *Error) { ends = e })
		time.Sleep(2 * time.Second)
		end()
		if ends == nil || ends.Status != StatusInternal {
			t.Errorf("the stream ends with %v", ends)
		}
	})
}

// Loops count a tally side by side.
func TestTallyAddsUp(t *testing.T) {
	var sum tally
	for id := range loopsMost {
		sum.add(&loop.Loop{ID: id}, id)
		sum.add(&loop.Loop{ID: id}, 1)
	}
	if want := int64(loopsMost * (loopsMost + 1) / 2); sum.Load() != want {
		t.Errorf("%d, want %d", sum.Load(), want)
	}
}
