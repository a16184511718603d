package engine

import "sync"

// curtain falls when a stream ends: nobody looks any more at what is closed then, for a snapshot or otherwise. The zero
// curtain is up.
type curtain struct {
	mu   sync.RWMutex // held to read by whoever looks
	down bool
}

// look calls f unless the curtain has fallen, which it does not while f runs; then it reports false.
func (c *curtain) look(f func()) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if !c.down {
		f()
	}
	return !c.down
}

// fall waits for those who look.
func (c *curtain) fall() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down = true
}
