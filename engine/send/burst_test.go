package send

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"viamillipede/engine/internal/stream"
)

// load is what a simulation with a bursty source did in a time: how full each path was, and its part of the stream.
type load struct {
	full, part []float64
	rate       float64 // of what the producer made
}

// loadOf runs a producer over the paths for warm and then lasts.
func loadOf(t *testing.T, loops, links, holds, burst int, rate float64, warm, lasts time.Duration, paths ...*simPath) (l load) {
	t.Helper()
	r, p := produce(t, burst, rate)
	p.holds = holds
	c := stream.SendSetup{Setup: stream.Setup{Options: stream.Options{IO: "copy", CPUs: slices.Repeat([]int{-1}, loops)}}}
	sim := simulateFrom(t, r, c, links, paths...)
	p.start(sim)
	sim.run(warm)
	before := make([]int64, len(paths))
	sum := 0.0
	for i, p := range paths {
		before[i] = p.sent
	}
	got, _ := sim.rates(lasts)
	l.rate = got / rate
	for i, p := range paths {
		sum += float64(p.sent - before[i])
	}
	for i, p := range paths {
		n := float64(p.sent - before[i])
		l.part = append(l.part, n/sum)
		l.full = append(l.full, n/lasts.Seconds()/p.rate)
	}
	return l
}

// What waits for the first path for less than its spill does not go by the second, whatever the size of the bursts; and where the
// first cannot carry all, it stays full, and the third has nothing.
func TestSimulatedBursts(t *testing.T) {
	const mbit = 400
	for _, loops := range []int{1, 3} {
		for _, burst := range []int{16 << 10, 64 << 10, 256 << 10, 1 << 20, 3_800_000, 16 << 20} {
			for _, holds := range []int{64 << 10, 1 << 20} {
				for _, much := range []float64{0.8, 1.3} {
					t.Run(fmt.Sprintf("%d loops, %d KiB, pipe of %d KiB, %.1f", loops, burst>>10, holds>>10, much), func(t *testing.T) {
						paths := lines(100*time.Microsecond, mbit, mbit, mbit)
						l := loadOf(t, loops, 3, holds, burst, much*paths[0].rate, 2*time.Second, 8*time.Second, paths...)
						t.Logf("parts %.4f, full %.3f, %.3f of what is made", l.part, l.full, l.rate)
						if much < 1 && l.part[1] > 0.01 {
							t.Errorf("the second path has %.2f %%", 100*l.part[1])
						}
						if much > 1 && l.full[0] < 0.97 {
							t.Errorf("the first path is %.1f %% full", 100*l.full[0])
						}
						if l.part[2] > 0.01 {
							t.Errorf("the third path has %.2f %%", 100*l.part[2])
						}
						if l.rate < 0.97 {
							t.Errorf("%.3f of what is made", l.rate)
						}
					})
				}
			}
		}
	}
}

// A stream that needs all of its paths has them within two seconds, in whatever order they are given, and keeps them.
func TestSimulatedNeed(t *testing.T) {
	t.Parallel()
	const near = 100 * time.Microsecond
	for _, c := range []struct {
		name  string
		links int
		mbit  []float64
	}{
		{"3 x 400", 3, []float64{400, 400, 400}},
		{"8 x 100", 2, slices.Repeat([]float64{100}, 8)},
		{"16 x 100", 1, slices.Repeat([]float64{100}, 16)},
		{"1000+100+10+1", 4, []float64{1000, 100, 10, 1}},
		{"1+10+100+1000", 4, []float64{1, 10, 100, 1000}},
		{"100+1000+1+10", 4, []float64{100, 1000, 1, 10}},
		{"2000+1", 2, []float64{2000, 1}},
		{"1+2000", 2, []float64{1, 2000}},
	} {
		for _, loops := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s, %d loops", c.name, loops), func(t *testing.T) {
				t.Parallel()
				sum := 0.0
				for _, m := range c.mbit {
					sum += m * 1e6 / 8
				}
				r, p := produce(t, 1<<20, 3*sum)
				sim := simulateFrom(t, r, stream.SendSetup{Setup: stream.Setup{Options: stream.Options{IO: "copy", CPUs: slices.Repeat([]int{-1}, loops)}}}, c.links, lines(near, c.mbit...)...)
				p.start(sim)
				whole := time.Duration(0)
				for whole < 3*time.Second {
					got, _ := sim.rates(100 * time.Millisecond)
					if got/sum > 0.95 {
						break
					}
					whole = sim.now
				}
				sim.run(2 * time.Second)
				got, _ := sim.rates(time.Second)
				t.Logf("all of them after %v, then %.3f of the sum, %.2f %% resent", whole, got/sum, 100*sim.resent())
				if whole >= 2*time.Second || got < 0.97*sum {
					t.Errorf("all of them after %v, then %.3f of the sum", whole, got/sum)
				}
			})
		}
	}
}
