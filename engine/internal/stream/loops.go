package stream

import (
	"fmt"
	"time"

	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
)

// OpenLoop makes a loop of a stream. If the loop breaks, the stream ends through fails, and its other loops tell the peer.
func OpenLoop(id, cpu int, every time.Duration, to observe.Observer, fails func(*Error)) (*loop.Loop, error) {
	l, err := loop.New(id, cpu, every)
	if err != nil {
		return nil, err
	}
	l.TakenOver = func() { observe.Tell(to, observe.LoopTakenOver{Loop: id}) }
	l.Unpinned = func(cpu int, err error) { observe.Tell(to, observe.LoopUnpinned{Loop: id, CPU: cpu, Err: err}) }
	l.Stuck = func() { observe.Tell(to, observe.ThreadStuck{}) }
	l.Fails = func(err error) { fails(Fail(StatusInternal, err, "loop %d cannot wait", id)) }
	l.Fault = func(p any) { fails(Faulted(fmt.Sprintf("loop %d", id), p, to)) }
	return l, nil
}

// HaltThen ends the loops of a stream and then calls tidy, which releases what they have. It reports false, and tells the user, if a
// stuck thread or a fault left something unreleased. By then it has been said how the stream ended.
func HaltThen[T loop.Looping](loops []T, tidy func(), to observe.Observer) (done bool) {
	done, fault := loop.HaltThen(loops, tidy)
	if fault != nil {
		Faulted("the end", fault, to)
	}
	return done
}
