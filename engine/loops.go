package engine

import (
	"fmt"
	"time"
)

// openLoop makes a loop of a stream, which ends through fails when the loop breaks: its other loops say so to the peer.
func openLoop(id, cpu int, every time.Duration, log *Log, fails func(*Error)) (*loop, error) {
	l, err := newLoop(id, cpu, every)
	if err != nil {
		return nil, err
	}
	l.note = func(format string, args ...any) { log.Printf(LevelChoices, format, args...) }
	l.fails = func(err error) { fails(fail(StatusInternal, err, "loop %d cannot wait", id)) }
	l.fault = func(p any) { fails(faulted(fmt.Sprintf("loop %d", id), p, log)) }
	return l, nil
}
