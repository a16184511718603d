package main_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	rules "viamillipede/engine/schedule"
	"viamillipede/netio/lab"
)

// Promise 6: paths are used in the order given, and together they carry the sum of what each can.

// What a stream over several paths must carry: the part of what bare connections carry together on the same paths at the same time,
// the most that may be sent again, as a part of the stream, and the part of the rate without a path of last resort that a stream has
// with it.
const (
	sumLeast   = 0.92
	resentMost = 0.03
	lastLeast  = 0.98
)

// mixes are paths in Mbit/s, the fastest first.
var mixes = [][]uint64{{800, 400, 100}, {900, 9}, {300, 300, 300}, {1000, 100, 10, 1}}

// TestP6Sum: a stream over several paths is as fast as all of them together, and sends little of it twice.
func TestP6Sum(t *testing.T) {
	p := measured(t)
	for _, mix := range mixes {
		t.Run(nameOf(mix), func(t *testing.T) {
			l := pathsOf(t, mix)
			bare := sum(bareRates(t, l, upTo(len(mix))...).goodput)
			for _, threads := range []int{2 * len(mix), 16} { // 16 is the default
				s := p.start(t, l, endlessly(threads))
				rate, _ := s.measure()
				s.enough()
				s.finish()
				ratio, resent := rate/bare, s.resent()
				t.Logf("sum %s: bare %.1f MB/s, viamillipede %.1f MB/s, ratio %.3f, resent %.1f %%, threads %d",
					nameOf(mix), bare/mb, rate/mb, ratio, 100*resent, threads)
				if ratio < sumLeast {
					t.Errorf("threads %d: %.3f of what the paths carry, want at least %.2f", threads, ratio, sumLeast)
				}
				if resent > resentMost {
					t.Errorf("threads %d: %.1f %% resent, want at most %.0f %%", threads, 100*resent, 100*resentMost)
				}
			}
		})
	}
}

// TestP6LastResort: a path that is slower by far, given last, costs nothing.
func TestP6LastResort(t *testing.T) {
	p := measured(t)
	l := pathsOf(t, []uint64{800, 1})
	rates := make([]float64, 2) // without the second path, and with it
	for i := range rates {
		with := endlessly(4)
		with.to = toPaths(l, upTo(i+1)...)
		s := p.start(t, l, with)
		rates[i], _ = s.measure()
		s.enough()
		s.finish()
	}
	ratio := rates[1] / rates[0]
	t.Logf("last resort: 800 alone %.1f MB/s, 800+1 %.1f MB/s, ratio %.3f", rates[0]/mb, rates[1]/mb, ratio)
	if ratio < lastLeast {
		t.Errorf("%.3f of the rate without the path of last resort, want at least %.2f", ratio, lastLeast)
	}
}

// How well the order of the command line is kept. Parts are of what goes over the devices of all paths.
const (
	spillMost = 0.01 // of the second path, where the first has room
	fullLeast = 0.95 // of what a bare connection makes the first path's device send, where it has none
	thirdMost = 0.02 // of the third path, where two have room

	// idleRate is what a path without work may send, in bytes per second: a heartbeat a second on each of two links, in
	// packets of less than 100 bytes, their acknowledgements and ARP, with room for ten times that.
	idleRate = 5000
)

// rescued is what a path that is not needed may send meanwhile: on a busy machine legs are late, and come again on it. Besides, the path
// before it may come up a little later, and its links say that they live.
func rescued(bytes uint64) uint64 { return rules.RescueLeast + bytes/rules.RescueShare + mib/2 }

// TestP6SecondPath: a path carries next to nothing while the one before it has room, and load when it has not.
func TestP6SecondPath(t *testing.T) {
	p := hosts(t)
	const pathRate, little = 100, 4 << 20 // Mbit/s, and bytes a second: a third of that
	const some = 16 * mib                 // of the stream
	l := pathsOf(t, []uint64{pathRate, pathRate})
	with := endlessly(4)
	with.in = lab.NewGate()
	with.in.Rate(little)
	s := p.start(t, l, with)
	s.wait(s.out.At(mib), "the first bytes")
	before := s.sent(1)
	s.wait(s.out.At(s.out.Moved()+some), "what the first path carries alone")
	if n := s.sent(1) - before; n > rescued(some) {
		t.Errorf("the second path sent %d of %d bytes for which the first one had room", n, some)
	}
	s.in.Rate(0)
	full := s.sent(1)
	s.until("the second path carries load", func() bool { return s.sent(1) > full+some })
	s.enough()
	s.finish()
}

// TestP6Order: the first path of the command line is filled before the second is used, and the second before the third.
func TestP6Order(t *testing.T) {
	p := measured(t)
	l := pathsOf(t, []uint64{400, 400, 400})
	bare := bareRates(t, l, 0, l.Paths()-1)
	forth := upTo(l.Paths())
	back := slices.Clone(forth)
	slices.Reverse(back)
	for i, order := range [][]int{forth, back} {
		first := order[0]
		var loops []string // one, or two that have to agree
		if i > 0 && runtime.NumCPU() > 1 {
			loops = []string{"cpus", "0,1"}
		}
		for _, load := range []float64{0.8, 1.3} { // of what the first path carries
			name := fmt.Sprintf("%v at %.0f %%", order, 100*load)
			parts, full := p.loaded(t, l, order, loops, load*bare.goodput[first], bare.wire[first])
			t.Logf("order %s: parts of paths in the order given %.2f %%, %.2f %%, %.2f %%, first path %.1f %% full",
				name, 100*parts[0], 100*parts[1], 100*parts[2], 100*full)
			if load < 1 && parts[1] > spillMost {
				t.Errorf("%s: the second path has %.2f %%, want at most %.2f %%", name, 100*parts[1], 100*spillMost)
			}
			if load > 1 && full < fullLeast {
				t.Errorf("%s: the first path is %.1f %% full, want at least %.1f %%", name, 100*full, 100*fullLeast)
			}
			if load > 1 && parts[2] > thirdMost {
				t.Errorf("%s: the third path has %.2f %%, want at most %.2f %%", name, 100*parts[2], 100*thirdMost)
			}
		}
	}
}

// loaded runs a stream of rate bytes per second over the paths in the order given, with these words on the sender's loops. It gives
// each one's part of the bytes sent, in that order, and how much of bareWire, in bytes per second, the first one sends.
func (p programs) loaded(
	t *testing.T, l *lab.Lab, order []int, loops []string, rate, bareWire float64,
) (parts []float64, full float64) {
	t.Helper()
	with := endlessly(6)
	with.to, with.tx = toPaths(l, order...), loops
	with.in = lab.NewGate()
	with.in.Rate(int64(rate))
	s := p.start(t, l, with)
	goodput, wire := s.measure()
	s.enough()
	s.finish()
	if goodput < 0.9*rate {
		t.Errorf("%.1f MB/s at the consumer, the producer makes %.1f MB/s", goodput/mb, rate/mb)
	}
	for _, i := range order {
		parts = append(parts, max(0, wire[i]-idleRate)/sum(wire))
	}
	return parts, wire[order[0]] / bareWire
}

// The rates of the paths below, in bits per second.
const (
	nearRate = 200_000_000 // the path without a delay
	farRate  = 100_000_000 // a path with one
)

// distance is two paths that differ in how far they reach, or in what they lose.
type distance struct {
	name    string
	near    int         // paths of nearRate, without a delay
	delayed []lab.Delay // the others, of farRate
	least   float64     // of the sum of the rates that a stream must have
}

// distances: the near path alone has two thirds of the sum. Of two paths of which one loses every hundredth packet, the other still
// carries what it can, 0.8 of its rate; what the lossy one carries is up to the host's congestion control: a seventh of its rate with
// cubic or reno, nearly all with bbr.
var distances = []distance{
	{"Near+40ms", 1, []lab.Delay{{RoundTrip: 40 * time.Millisecond, BitsPerSecond: farRate, Seed: 1}}, 0.5},
	{"Near+200ms", 1, []lab.Delay{{RoundTrip: 200 * time.Millisecond, BitsPerSecond: farRate, Seed: 1}}, 0.5},
	{"Loss", 0, []lab.Delay{
		{RoundTrip: 40 * time.Millisecond, BitsPerSecond: farRate, Seed: 1},
		{RoundTrip: 40 * time.Millisecond, BitsPerSecond: farRate, Seed: 1, Loss: 0.01},
	}, 0.8 / 2},
}

// TestP6Delay: paths that differ in their round trip, as a local line does from one around the world, are all used.
func TestP6Delay(t *testing.T) {
	p := hosts(t)
	for _, d := range distances {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			l := p.apart(t, d)
			with := endlessly(8)
			s := p.start(t, l, with)
			for i := range l.Paths() {
				s.until(fmt.Sprintf("path %d carries some of it", i), func() bool { return s.sent(i) > mib })
			}
			s.enough()
			s.finish()
		})
	}
}

// TestP6DelayShare: and they carry their share, from the start of the sender to the end of both programs.
func TestP6DelayShare(t *testing.T) {
	p := measured(t)
	for _, d := range distances {
		t.Run(d.name, func(t *testing.T) {
			const size = 192 * mib
			s := p.start(t, p.apart(t, d), setup{size: size, limit: 3 * time.Minute, words: []string{"threads", "8", "verbose", "1"}})
			s.finish()
			took, sum := time.Since(s.started), float64(d.near*nearRate+len(d.delayed)*farRate)
			share := float64(8*size) / took.Seconds() / sum
			t.Logf("%d MiB took %v: %.2f of %.0f Mbit/s", size/mib, took.Round(time.Millisecond), share, sum/1e6)
			if share < d.least {
				t.Errorf("the stream had %.2f of the paths' rates, want at least %.2f", share, d.least)
			}
		})
	}
}

// apart makes hosts with such paths.
func (p programs) apart(t *testing.T, d distance) *lab.Lab {
	t.Helper()
	l := lab.New(t, lab.Config{Paths: d.near, Delayed: d.delayed, DelayProgram: p.delay})
	for i := range d.near {
		if err := l.Shape(i, nearRate); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// sent is how many bytes the sender's device of a path has sent.
func (s *stream) sent(i int) uint64 {
	s.t.Helper()
	n, err := s.lab.Sent(s.setup.senderSide, i)
	s.must(err)
	return n
}
