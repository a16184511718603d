package loop

import (
	"math"
	"time"

	"viamillipede/engine/schedule"
)

// Looping is a loop, or what embeds one.
type Looping interface{ Plain() *Loop }

// HaltAll ends the loops and waits for their threads; then Close may be called, unless one of them did not end: what that one
// has stays its own.
func HaltAll[T Looping](loops []T, atMost time.Duration) (all bool) {
	for _, l := range loops {
		l := l.Plain()
		l.Post(func() { l.stop = true })
	}
	timeout := time.NewTimer(atMost)
	defer timeout.Stop()
	for _, l := range loops {
		select {
		case <-l.Plain().done:
		case <-timeout.C:
			return false
		}
	}
	return true
}

// HaltThen ends the loops and then calls tidy, which may have to wait in the kernel itself. Both go on without the caller when
// they take too long; done tells whether they did not, and tidy came to its end. fault is what tidy panicked with, nil mostly. Loops
// of one stream all have the same owner, which is told of a thread that is stuck.
func HaltThen[T Looping](loops []T, tidy func()) (done bool, fault error) {
	halted, tidied := make(chan struct{}), make(chan error, 1)
	go func() {
		HaltAll(loops, math.MaxInt64)
		close(halted)
		tidied <- guarded(tidy)
	}()
	if _, done = awaited(halted, schedule.HaltMost); done {
		fault, done = awaited(tidied, schedule.TidyMost)
	}
	if stuck := loops[0].Plain().Stuck; !done && stuck != nil {
		stuck()
	}
	return done && fault == nil, fault
}

// awaited receives from c, for at most the given time.
func awaited[T any](c <-chan T, atMost time.Duration) (v T, came bool) {
	timeout := time.NewTimer(atMost)
	defer timeout.Stop()
	select {
	case v = <-c:
		return v, true
	case <-timeout.C:
		return v, false
	}
}
