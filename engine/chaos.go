package engine

import "sync/atomic"

// chaos cuts links on purpose. Only a leg's first journey counts: a link that is cut takes the legs on it along, and they
// must get through some time, even with a cut after every leg.
type chaos struct {
	every int64 // legs between two cuts; 0 is never
	done  atomic.Int64
	cuts  atomic.Int64
}

// strike counts a leg and reports whether its link shall be cut.
func (c *chaos) strike() bool {
	if c.every == 0 || c.done.Add(1)%c.every != 0 {
		return false
	}
	c.cuts.Add(1)
	return true
}
