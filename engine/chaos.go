package engine

import "sync/atomic"

// chaos cuts links on purpose. Only the first time that a leg is sent counts: a link that is cut takes its legs along, and these
// must get through at some point, even with a cut after every leg.
type chaos struct {
	every int64 // legs between two cuts; 0: no cuts
	done  atomic.Int64
	cuts  atomic.Int64
}

// strike counts a leg and reports whether its link must be cut.
func (c *chaos) strike() bool {
	if c.every == 0 || c.done.Add(1)%c.every != 0 {
		return false
	}
	c.cuts.Add(1)
	return true
}
