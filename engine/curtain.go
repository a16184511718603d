package engine

import (
	"fmt"
	"sync"
)

// curtain falls when a stream ends: nobody looks any more at what is closed then, in a status table or otherwise. The zero
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

// status is a status table, or, where the stream is over, its summary alone.
func (c *curtain) status(table func() string, sum func() Summary) (text string) {
	if c.look(func() { text = table() }) {
		return text
	}
	return fmt.Sprintf("ended: %v\n", sum())
}
