package engine

import (
	"fmt"
	"time"

	"viamillipede/engine/loop"
)

// openLoop makes a loop of a stream, which ends through fails when the loop breaks: its other loops say so to the peer.
func openLoop(id, cpu int, every time.Duration, to Observer, fails func(*Error)) (*loop.Loop, error) {
	l, err := loop.New(id, cpu, every)
	if err != nil {
		return nil, err
	}
	l.TakenOver = func() { tell(to, LoopTakenOver{id}) }
	l.Unpinned = func(cpu int, err error) { tell(to, LoopUnpinned{Loop: id, CPU: cpu, Err: err}) }
	l.Stuck = func() { tell(to, ThreadStuck{}) }
	l.Fails = func(err error) { fails(fail(StatusInternal, err, "loop %d cannot wait", id)) }
	l.Fault = func(p any) { fails(faulted(fmt.Sprintf("loop %d", id), p, to)) }
	return l, nil
}

// haltThen ends the loops of a stream and then calls tidy, which gives back what they have; false: not all of it, for a thread that is
// stuck or a fault, of which the user is told. How the stream has ended is said already.
func haltThen[T loop.Looping](loops []T, tidy func(), to Observer) (done bool) {
	done, fault := loop.HaltThen(loops, tidy)
	if fault != nil {
		faulted("the end", fault, to)
	}
	return done
}
