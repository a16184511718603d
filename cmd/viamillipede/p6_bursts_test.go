package main_test

import (
	"fmt"
	"testing"
	"time"

	"viamillipede/netio/lab"
)

// Promise 6 under load that is not even: what a producer writes at a time does not go by another path because the first one needs a
// moment for it.

// TestP6Bursts: bursts for which the first path has room go by it alone, and under a load that needs two paths the first stays full and
// the third has nothing.
func TestP6Bursts(t *testing.T) {
	p := measured(t)
	const pathRate = 400 // Mbit/s
	l := pathsOf(t, []uint64{pathRate, pathRate, pathRate})
	bare := bareRates(t, l, 0)
	for _, burst := range []int64{16 << 10, 256 << 10, 3_800_000, 16 << 20} {
		for _, load := range []float64{0.8, 1.3} {
			rate := load * bare.goodput[0]
			with := endlessly(6)
			with.in = lab.NewGate()
			with.in.Hold(0)
			s := p.start(t, l, with)
			stop := inBursts(with.in, burst, rate)
			goodput, wire := s.measure()
			stop()
			s.enough()
			s.finish()
			second, third := wire[1]/sum(wire), max(0, wire[2]-idleRate)/sum(wire)
			full := wire[0] / bare.wire[0]
			t.Logf("bursts of %d KiB at %.0f %%: %.1f of %.1f MB/s, second path %.2f %%, third %.2f %%, first %.1f %% full",
				burst>>10, 100*load, goodput/mb, rate/mb, 100*second, 100*third, 100*full)
			if load < 1 && max(0, wire[1]-idleRate)/sum(wire) > spillMost {
				t.Errorf("bursts of %d: the second path has %.2f %%", burst, 100*second)
			}
			if load > 1 && (full < 0.97 || third > spillMost) {
				t.Errorf("bursts of %d: the first path is %.1f %% full, the third has %.2f %%", burst, 100*full, 100*third)
			}
		}
	}
}

// inBursts lets so many bytes through the gate at a time, at a mean rate in bytes a second, until the function that it returns is
// called. That opens the gate.
func inBursts(in *lab.Gate, burst int64, rate float64) (stop func()) {
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		begun := time.Now()
		for n := int64(1); ; n++ {
			in.Hold(n * burst)
			due := begun.Add(time.Duration(float64(n*burst) / rate * float64(time.Second)))
			select {
			case <-ended:
				in.Open()
				return
			case <-time.After(time.Until(due)):
			}
		}
	}()
	return func() { close(ended); <-done }
}

// TestP6Never: a path with "spill never" carries nothing while the one before it is up, however much there is to send, and all as soon
// as that is down; and so does one that would wait for an hour.
func TestP6Never(t *testing.T) {
	p := hosts(t)
	for _, spill := range []string{"never", "3600000"} {
		t.Run(spill, func(t *testing.T) {
			t.Parallel()
			const some = 32 * mib // of the stream
			l := pathsOf(t, []uint64{100, 100})
			with := endlessly(4)
			with.to = append(toPaths(l, 0, 1), "spill", spill)
			s := p.start(t, l, with)
			s.wait(s.out.At(mib), "the first bytes")
			before := s.sent(1)
			s.wait(s.out.At(s.out.Moved()+some), "what the first path carries alone")
			if n := s.sent(1) - before; n > rescued(some) {
				t.Errorf("the second path sent %d bytes while the first one was up", n)
			}
			s.must(l.PathDown(0))
			down := s.sent(1)
			s.until(fmt.Sprintf("the second path carries the stream (spill %s)", spill), func() bool { return s.sent(1) > down+some })
			s.enough()
			s.finish()
		})
	}
}
