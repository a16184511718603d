package stream

import (
	"sync/atomic"

	"viamillipede/engine/loop"
)

// Tally counts for the user what all loops do, each loop in its own part, so that no two loops write to the same cache line. The
// zero tally is 0.
type Tally struct {
	parts [loopsMost]struct {
		n atomic.Int64
		_ [tallyApart - 8]byte
	}
}

// tallyApart is how far apart the parts of a tally are, in bytes: two cache lines, which some processors fetch together.
const tallyApart = 128

// Add counts n more; on the loop's thread.
func (t *Tally) Add(at *loop.Loop, n int) { t.parts[at.ID].n.Add(int64(n)) }

// Load adds up what the loops have counted. Any goroutine may call it.
func (t *Tally) Load() (sum int64) {
	for i := range t.parts {
		sum += t.parts[i].n.Load()
	}
	return sum
}
