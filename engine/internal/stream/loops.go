package stream

import (
	"fmt"

	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
)

// OpenLoop makes a loop of the stream. If the loop breaks, the stream fails, and its other loops tell the peer.
func (s *Life) OpenLoop(id, cpu int) (*loop.Loop, error) {
	to := s.observer
	l, err := loop.New(id, cpu, s.time.Tick)
	if err != nil {
		return nil, err
	}
	l.TakenOver = func() { observe.Tell(to, observe.LoopTakenOver{Loop: id}) }
	l.Unpinned = func(cpu int, err error) { observe.Tell(to, observe.LoopUnpinned{Loop: id, CPU: cpu, Err: err}) }
	l.Stuck = func() { observe.Tell(to, observe.ThreadStuck{}) }
	l.Fails = func(err error) { s.Fail(Fail(StatusInternal, err, "loop %d cannot wait", id)) }
	l.Fault = func(p any) { s.Fail(Faulted(fmt.Sprintf("loop %d", id), p, to)) }
	return l, nil
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
