package ways

import (
	"testing"
	"time"

	"viamillipede/engine/wire"
)

// A peer calls while somebody looks at how the paths stand, with more of them than there were, or fewer.
func TestStatusesWhileAPeerCalls(t *testing.T) {
	c := NewCalled(nil)
	for _, paths := range []struct{ now, then uint8 }{{0, 2}, {2, 1}, {1, 2}} {
		sums := c.Summaries(time.Second, make([]time.Duration, 2))
		if len(sums) != int(paths.now) {
			t.Fatalf("%d paths, want %d", len(sums), paths.now)
		}
		c.Begin(wire.Call{Paths: paths.then, Links: 2})
		if got := c.Statuses(sums, nil); len(got) != int(min(paths.now, paths.then)) {
			t.Errorf("%d paths, then %d: %d are told of", paths.now, paths.then, len(got))
		}
	}
}
