package stream

import (
	"sync"
	"time"

	"viamillipede/engine/observe"
)

// Curtain falls when a stream ends: from then on nobody looks, for a snapshot or otherwise, at what is then closed. The zero
// curtain is up.
type Curtain struct {
	mu   sync.RWMutex // held for reading while somebody looks
	down bool
}

// Look calls f unless the curtain has fallen, and reports whether it did. The curtain does not fall while f runs.
func (c *Curtain) Look(f func()) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if !c.down {
		f()
	}
	return !c.down
}

// Fall waits for those who are looking.
func (c *Curtain) Fall() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down = true
}

// snapshot returns what f makes; once the stream is over, only the summary.
func (c *Curtain) snapshot(f func() observe.Snapshot, sum func() observe.Summary) (s observe.Snapshot) {
	if c.Look(func() { s = f() }) {
		return s
	}
	return observe.Snapshot{Time: time.Now(), Ended: true, Summary: sum()}
}
