package stream

import (
	"testing"
	"testing/synctest"
	"time"

	"viamillipede/engine/loop"
)

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
	var sum Tally
	for id := range loopsMost {
		sum.Add(&loop.Loop{ID: id}, id)
		sum.Add(&loop.Loop{ID: id}, 1)
	}
	if want := int64(loopsMost * (loopsMost + 1) / 2); sum.Load() != want {
		t.Errorf("%d, want %d", sum.Load(), want)
	}
}
