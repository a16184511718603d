package engine

import (
	"time"

	"viamillipede/engine/loop"
)

// chore is a goroutine beside the loops that may be in the kernel for a while, to load a program there. Its owner starts it once
// at most, and joins it before it takes away what the goroutine works with. The zero chore was never started.
type chore struct{ done chan struct{} }

// start calls f in the goroutine, which takes in its own faults.
func (c *chore) start(f func()) {
	c.done = make(chan struct{})
	go func() {
		defer close(c.done)
		f()
	}()
}

// join waits for the end of the goroutine, if there is one, for at most the given time. What it makes later is its own to give
// back.
func (c *chore) join(atMost time.Duration) {
	if c.done != nil {
		awaitAll(c.done, 1, atMost)
	}
}

// lookOut has a goroutine take over the loops of a stream that are stuck (loop.LookOut), until end is called, which waits for it. A
// fault in it ends the stream through fails.
func lookOut[T loop.Looping](loops []T, every time.Duration, to Observer, fails func(*Error)) (end func()) {
	stop := make(chan struct{})
	var c chore
	c.start(func() {
		defer caught("the lookout", to, fails)
		loop.LookOut(loops, every, stop)
	})
	return func() {
		close(stop)
		<-c.done
	}
}
