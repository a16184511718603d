package engine

import (
	"time"

	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
)

// chore is a goroutine beside the loops that may spend a while in the kernel, loading a program. Its owner starts it at most once,
// and joins it before taking away what the goroutine works with. The zero chore was never started.
type chore struct{ done chan struct{} }

// start calls f in the goroutine; f handles its own faults.
func (c *chore) start(f func()) {
	c.done = make(chan struct{})
	go func() {
		defer close(c.done)
		f()
	}()
}

// join waits at most the given time for the goroutine to end, if there is one. A goroutine that takes longer has to release by
// itself what it makes.
func (c *chore) join(atMost time.Duration) {
	if c.done != nil {
		awaitAll(c.done, 1, atMost)
	}
}

// lookOut starts a goroutine that takes over the stream's stuck loops (loop.LookOut). end stops it and waits for that. A fault in it
// ends the stream through fails.
func lookOut[T loop.Looping](loops []T, every time.Duration, to observe.Observer, fails func(*Error)) (end func()) {
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
