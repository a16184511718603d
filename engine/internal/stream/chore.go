package stream

import (
	"time"

	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
)

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

// lookOut starts a goroutine that takes over the stream's stuck loops (loop.LookOut). end stops it and waits for that. A fault in it
// ends the stream through fails.
func lookOut[T loop.Looping](loops []T, every time.Duration, to observe.Observer, fails func(*Error)) (end func()) {
	stop := make(chan struct{})
	var c Chore
	c.Start(func() {
		defer Caught("the lookout", to, fails)
		loop.LookOut(loops, every, stop)
	})
	return func() {
		close(stop)
		<-c.done
	}
}
