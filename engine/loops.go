package engine

import (
	"fmt"
	"time"

	"viamillipede/engine/loop"
)

// openLoop makes a loop of a stream, which ends through fails when the loop breaks: its other loops say so to the peer.
func openLoop(id, cpu int, every time.Duration, log *Log, fails func(*Error)) (*loop.Loop, error) {
	l, err := loop.New(id, cpu, every)
	if err != nil {
		return nil, err
	}
	l.Note = func(format string, args ...any) { log.Printf(LevelChoices, format, args...) }
	l.Fails = func(err error) { fails(fail(StatusInternal, err, "loop %d cannot wait", id)) }
	l.Fault = func(p any) { fails(faulted(fmt.Sprintf("loop %d", id), p, log)) }
	return l, nil
}
