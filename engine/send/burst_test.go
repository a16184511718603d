package send

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/schedule"
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
	t.Parallel()
	const mbit = 400
	for _, loops := range []int{1, 3} {
		for _, burst := range []int{16 << 10, 256 << 10, 3_800_000, 16 << 20} {
			for _, holds := range []int{1 << 20, 64 << 10}[:3-min(loops, 2)] { // one loop: both
				for _, much := range []float64{0.8, 1.3} {
					t.Run(fmt.Sprintf("%d loops, %d KiB, pipe of %d KiB, %.1f", loops, burst>>10, holds>>10, much), func(t *testing.T) {
						t.Parallel()
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

// steady makes a stream with a smooth source of so many bytes a second.
func steady(t *testing.T, rate float64, window int64, links int, paths ...*simPath) *simulation {
	t.Helper()
	r, p := produce(t, 64<<10, rate)
	o := stream.Options{IO: "copy", CPUs: []int{-1}, Window: window}
	sim := simulateFrom(t, r, stream.SendSetup{Setup: stream.Setup{Options: o}}, links, paths...)
	p.start(sim)
	return sim
}

// shares is the part of what the paths send in a time that each has.
func (sim *simulation) shares(d time.Duration) (parts []float64) {
	var before []int64
	for _, p := range sim.paths {
		before = append(before, p.sent)
	}
	sim.run(sim.now + d)
	sum := 0.0
	for i, p := range sim.paths {
		parts = append(parts, float64(p.sent-before[i]))
		sum += parts[i]
	}
	for i := range parts {
		parts[i] /= max(1, sum)
	}
	return parts
}

// cut ends the links of a path.
func (sim *simulation) cut(path int) {
	for _, c := range sim.links {
		if c.path == sim.paths[path] && !c.k.Gone {
			c.k.lost = func(schedule.Use) {}
			c.k.lose(stream.ErrChaos)
		}
	}
	sim.again[0] = true
}

// A path that fails is replaced at once, by the next one and by the one after that, also if that one never helps otherwise; and when it
// is back it has its part of the stream again.
func TestSimulatedFailure(t *testing.T) {
	t.Parallel()
	for _, spill := range []time.Duration{schedule.SpillAtOnce, schedule.DefaultSpill, schedule.SpillMost, schedule.SpillNever} {
		for _, silent := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v, silent %v", spill, silent), func(t *testing.T) {
				t.Parallel()
				paths := lines(100*time.Microsecond, 400, 400, 400)
				paths[1].spill, paths[2].spill = spill, spill
				sim := steady(t, 0.8*paths[0].rate, 0, 2, paths...)
				sim.run(3 * time.Second)
				for i := range 2 {
					if silent {
						paths[i].silent = true
					} else {
						sim.cut(i)
					}
					wait := time.Duration(0)
					for got := 0.0; got < 0.7*paths[2].rate && wait < 5*time.Second; wait += 20 * time.Millisecond {
						got, _ = sim.rates(20 * time.Millisecond)
					}
					t.Logf("path %d replaced after %v", i+1, wait)
					most := 100 * time.Millisecond
					if silent {
						most = 300 * time.Millisecond
					}
					if wait > most {
						t.Errorf("path %d is replaced after %v", i+1, wait)
					}
					sim.run(sim.now + time.Second)
				}
				if !silent {
					return
				}
				paths[0].silent = false
				sim.run(sim.now + 5*time.Second)
				if parts := sim.shares(2 * time.Second); parts[0] < 0.97 {
					t.Errorf("when it is back the first path has %.3f of the stream", parts[0])
				}
			})
		}
	}
}

// The need of a stream changes: the second path follows it.
func TestSimulatedSteps(t *testing.T) {
	t.Parallel()
	paths := lines(100*time.Microsecond, 400, 400, 400)
	r, p := produce(t, 256<<10, 0.8*paths[0].rate)
	sim := simulateFrom(t, r, stream.SendSetup{Setup: stream.Setup{Options: stream.Options{IO: "copy", CPUs: []int{-1}}}}, 2, paths...)
	p.start(sim)
	for _, step := range []struct{ load, second, third float64 }{
		{0.8, 0, 0}, {1.3, 0.23, 0}, {3.5, 0.33, 0.33}, {1.3, 0.23, 0}, {0.8, 0, 0}, {2.5, 0.4, 0.2}, {0.5, 0, 0},
	} {
		p.change(sim, step.load*paths[0].rate)
		sim.run(sim.now + 4*time.Second)
		parts := sim.shares(2 * time.Second)
		t.Logf("at %.1f: %.3f", step.load, parts)
		if math.Abs(parts[1]-step.second) > 0.03 || math.Abs(parts[2]-step.third) > 0.03 {
			t.Errorf("at %.1f: parts %.3f, want %.2f and %.2f of the second and the third", step.load, parts, step.second, step.third)
		}
	}
}

// Where the window is what is full, holding less than what the first path has in flight, the next path helps as it would at once.
func TestSimulatedSmallWindow(t *testing.T) {
	t.Parallel()
	for _, window := range []int64{1 << 20, 2 << 20, 8 << 20} {
		var rates [2]float64
		for i, spill := range []time.Duration{schedule.SpillAtOnce, schedule.DefaultSpill} {
			paths := []*simPath{line(1000, 100*time.Millisecond), line(100, 100*time.Microsecond)}
			paths[1].spill = spill
			sim := steady(t, 1e9, window, 2, paths...)
			sim.run(3 * time.Second)
			rates[i], _ = sim.rates(3 * time.Second)
		}
		t.Logf("window %d: %.1f MB/s at once, %.1f MB/s", window, rates[0]/1e6, rates[1]/1e6)
		if rates[1] < 0.75*rates[0] {
			t.Errorf("window %d: %.1f MB/s at once, %.1f MB/s", window, rates[0]/1e6, rates[1]/1e6)
		}
	}
}

// With spill 0 a path helps as soon as those before it are busy; with a longer time later.
func TestSimulatedSpill(t *testing.T) {
	t.Parallel()
	last := time.Duration(-1)
	for _, spill := range []time.Duration{schedule.SpillAtOnce, 100 * time.Millisecond, 0, 2 * time.Second, schedule.SpillNever} {
		paths := lines(100*time.Microsecond, 400, 400)
		paths[1].spill = spill
		sim := steady(t, 4*paths[0].rate, 0, 2, paths...)
		for paths[1].sent == 0 && sim.now < 10*time.Second {
			sim.run(sim.now + 10*time.Millisecond)
		}
		t.Logf("spill %v: after %v", spill, sim.now)
		if sim.now <= last || spill < 0 && paths[1].sent > 0 {
			t.Errorf("spill %v: after %v", spill, sim.now)
		}
		last = sim.now
	}
}
