package stream

import "sync/atomic"

// Chaos cuts links on purpose. Only the first time that a leg is sent counts: a link that is cut takes its legs along, and these
// must get through at some point, even with a cut after every leg.
type Chaos struct {
	Every int64 // legs between two cuts; 0: no cuts
	done  atomic.Int64
	Cuts  atomic.Int64
}

// Strike counts a leg and reports whether its link must be cut.
func (c *Chaos) Strike() bool {
	if c.Every == 0 || c.done.Add(1)%c.Every != 0 {
		return false
	}
	c.Cuts.Add(1)
	return true
}
