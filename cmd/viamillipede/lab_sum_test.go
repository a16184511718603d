package main_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const (
	sumLimit = time.Minute
	endless  = 1 << 50 // bytes: more than any stream that is ended by enough
)

// What a stream over several paths must carry. A short run has little time for the scatter of a busy machine to even out.
//
// sum is the part of what bare connections carry together on the same paths at the same time, resent the part of the stream
// that may be sent again, and last the part of the rate without a path of last resort that a stream has with it. A leg that
// tries that path holds the consumer up for half a second at times, which is made up for at once; but a short run may end in
// it.
func sumBounds() (sum, resent, last float64) {
	return long(0.92, 0.8), long(0.03, 0.04), long(0.98, 0.7)
}

// mixes are paths in Mbit/s, the fastest first.
var mixes = [][]uint64{{800, 400, 100}, {900, 9}, {300, 300, 300}, {1000, 100, 10, 1}}

// nameOf gives "800+400+100".
func nameOf(mix []uint64) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(mix), "[]"), " ", "+")
}

// testSum: a stream over several paths is as fast as all of them together, and sends little of it twice.
func (p programs) testSum(t *testing.T) {
	notUnderRace(t)
	sumLeast, resentMost, _ := sumBounds()
	for i, mix := range mixes {
		t.Run(nameOf(mix), func(t *testing.T) {
			l := pathsOf(t, mix)
			bare := sum(bareRates(t, l, upTo(len(mix))...).goodput)
			counts := []int{2 * len(mix)}
			if i == 0 || long(true, false) {
				counts = append(counts, 16) // the default
			}
			for _, threads := range counts {
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
	t.Run("LastResort", p.testLastResort)
}

// endlessly is a stream over all paths that ends with enough.
func endlessly(threads int) setup {
	return setup{
		size: endless, limit: sumLimit + middle(),
		words: []string{"threads", fmt.Sprint(threads), "verbose", "1"},
	}
}

// testLastResort: a path that is slower by far, given last, costs nothing.
func (p programs) testLastResort(t *testing.T) {
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
	if _, _, lastAtLeast := sumBounds(); ratio < lastAtLeast {
		t.Errorf("%.3f of the rate without the path of last resort, want at least %.2f", ratio, lastAtLeast)
	}
}
