package sockstats

import "testing"

// A fault in the goroutine that looks for what is left behind is told, and ends nothing else.
func TestFaultInTheSweepIsTold(t *testing.T) {
	told := make(chan any, 1)
	c := &Collector{fault: func(p any) { told <- p }, live: map[uint64]bool{}, stale: true, sweeping: true}
	c.sweep() // there is no map
	if p := <-told; p == nil {
		t.Error("nothing is told")
	}
	if c.isClosed() {
		t.Error("the collector is closed")
	}
}
