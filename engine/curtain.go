package engine

import "sync"

// curtain falls when a stream ends: from then on nobody looks, for a snapshot or otherwise, at what is then closed. The zero
// curtain is up.
type curtain struct {
	mu   sync.RWMutex // held for reading while somebody looks
	down bool
}

// look calls f unless the curtain has fallen, and reports whether it did. The curtain does not fall while f runs.
func (c *curtain) look(f func()) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if !c.down {
		f()
	}
	return !c.down
}

// fall waits for those who are looking.
func (c *curtain) fall() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down = true
}
