package stream

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"viamillipede/bufpool"
)

// Buffers for any window, leg and number of links: legs of whole pages, within the window unless there would be fewer than
// two for each link.
func TestFit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		window := rapid.Int64Range(MinWindow, MaxWindow).Draw(t, "window")
		if rapid.Bool().Draw(t, "small") {
			window = rapid.Int64Range(MinWindow, 64<<20).Draw(t, "small window")
		}
		leg := rapid.IntRange(1, MaxLeg/MinLeg).Draw(t, "pages") * MinLeg
		links := rapid.IntRange(1, MaxThreads).Draw(t, "links")
		size, buffers := Fit(window, leg, links)
		if size < MinLeg || size > leg || size%MinLeg != 0 {
			t.Fatalf("legs of %d bytes", size)
		}
		if buffers < 2*links || buffers > LegsMost {
			t.Fatalf("%d buffers for %d links", buffers, links)
		}
		if int64(size)*int64(buffers) > window {
			t.Fatalf("%d buffers of %d bytes in a window of %d", buffers, size, window)
		}
	})
}

// A peer's hello names any size of leg that the wire allows, not only whole pages.
func TestFitOfAnyHello(t *testing.T) {
	for _, leg := range []int{1, 100, MinLeg - 1, MinLeg + 1, 10000, MaxLeg - 1} {
		t.Run(fmt.Sprint(leg), func(t *testing.T) {
			size, buffers := Fit(MinWindow, leg, 4)
			pool, err := bufpool.New(bufpool.Config{Shards: 1, Buffers: buffers, Size: size})
			if err != nil {
				t.Fatal(err)
			}
			pool.Close()
		})
	}
}
