package engine_test

import (
	"io"
	"sync/atomic"
	"testing"
	"time"
)

// TestSeedsTakenOver sends the streams of TestSeeds while the kernel seems to keep the loops' threads, now and then, in calls
// on the source and the sink: another thread goes on with the loop each time, and the first one comes back to whatever has
// happened meanwhile.
func TestSeedsTakenOver(t *testing.T) {
	var taken atomic.Int64
	forSeeds(t, "TestSeedsTakenOver", 4, func(seed uint64, log io.Writer) error {
		s := newScenario(seed)
		s.options.Lapses = lapses(seed, &taken)
		return s.run(log)
	})
	t.Logf("%d calls were kept", taken.Load())
	if taken.Load() == 0 && *seedFlag < 0 {
		t.Error("no call was ever kept")
	}
}

// lapses is for engine.Options: some calls of a seed take between no time and a few milliseconds, and are counted.
func lapses(seed uint64, count *atomic.Int64) func() func() {
	var calls atomic.Uint64
	share := []uint64{2, 5, 20, 100}[seed%4]
	return func() func() {
		n := (calls.Add(1) + seed*0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9
		n ^= n >> 31
		if n%share != 0 {
			return nil
		}
		count.Add(1)
		if n>>8%4 > 0 {
			return func() {}
		}
		return func() { time.Sleep(time.Duration(n>>16%3000) * time.Microsecond) }
	}
}
