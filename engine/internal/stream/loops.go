package stream

import (
	"fmt"
	"time"

	"viamillipede/engine/internal/chore"
	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
)

// OpenLoop makes a loop of the stream. If the loop breaks, the stream fails, and its other loops tell the peer.
func (l *Life) OpenLoop(id, cpu int) (*loop.Loop, error) {
	to := l.observer
	at, err := loop.New(id, cpu, l.time.Tick)
	if err != nil {
		return nil, err
	}
	at.TakenOver = func() { observe.Tell(to, observe.LoopTakenOver{Loop: id}) }
	at.Unpinned = func(cpu int, err error) { observe.Tell(to, observe.LoopUnpinned{Loop: id, CPU: cpu, Err: err}) }
	at.Stuck = func() { observe.Tell(to, observe.ThreadStuck{}) }
	at.Fails = func(err error) { l.Fail(Fail(StatusInternal, err, "loop %d cannot wait", id)) }
	at.Fault = func(p any) { l.Fail(Faulted(fmt.Sprintf("loop %d", id), p, to)) }
	return at, nil
}

// haltThen ends the loops of a stream and then calls tidy, which releases what they have. It reports false, and tells the user, if a
// stuck thread or a fault left something unreleased. By then it has been said how the stream ended.
func haltThen[T loop.Looping](loops []T, tidy func(), to observe.Observer) (done bool) {
	done, fault := loop.HaltThen(loops, tidy)
	if fault != nil {
		Faulted("the end", fault, to)
	}
	return done
}

// lookOut starts a goroutine that takes over the stream's stuck loops (loop.LookOut). end stops it and waits for that. A fault in it
// ends the stream through fails.
func lookOut[T loop.Looping](loops []T, every time.Duration, to observe.Observer, fails func(*Error)) (end func()) {
	stop := make(chan struct{})
	var c chore.Chore
	c.Start(func() {
		defer Caught("the lookout", to, fails)
		loop.LookOut(loops, every, stop)
	})
	return func() {
		close(stop)
		c.Wait()
	}
}
