package main_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"viamillipede/netio/lab"
)

// How well the order of the command line is kept. Parts are of what goes over the devices of all paths.
const (
	spillMost = 0.01 // of the second path, where the first has room
	fullLeast = 0.95 // of what a bare connection makes the first path's device send, where it has none
	thirdMost = 0.02 // of the third path, where two have room

	// idleRate is what a path without work may send, in bytes per second: a heartbeat a second on each of two links, in
	// packets of less than 100 bytes, their acknowledgements and ARP, with room for ten times that.
	idleRate = 5000
)

// testOrder: the first path of the command line is filled before the second is used, and the second before the third.
func (p programs) testOrder(t *testing.T) {
	notUnderRace(t)
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

// loaded runs a stream of rate bytes per second over the paths in the order given, with these words on the sender's loops. It gives each one's part of the bytes
// sent, in that order, and how much of bareWire, in bytes per second, the first one sends.
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
