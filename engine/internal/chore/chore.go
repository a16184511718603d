// Package chore has the goroutines beside the loops, and what they wait for.
//
//	chore.go  a goroutine that its owner starts and joins
//	wait.go   how long it waits, and for what
package chore

import "time"

// Chore is a goroutine beside the loops that may spend a while in the kernel, loading a program. Its owner starts it at most once,
// and joins it before taking away what the goroutine works with. The zero chore was never started.
type Chore struct{ done chan struct{} }

// Start calls f in the goroutine; f handles its own faults.
func (c *Chore) Start(f func()) {
	c.done = make(chan struct{})
	go func() {
		defer close(c.done)
		f()
	}()
}

// Join waits at most the given time for the goroutine to end, if there is one. A goroutine that takes longer has to release by
// itself what it makes.
func (c *Chore) Join(atMost time.Duration) {
	if c.done != nil {
		AwaitAll(c.done, 1, atMost)
	}
}

// Wait waits for the goroutine, which was started, to end.
func (c *Chore) Wait() { <-c.done }
