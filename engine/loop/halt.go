package loop

import (
	"math"
	"time"

	"viamillipede/engine/schedule"
)

// Looping is a loop, or a type that embeds one.
type Looping interface{ Plain() *Loop }

// HaltAll ends the loops and waits for their threads. Then Close may be called, except that a loop which did not end keeps what it
// has.
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

// HaltThen ends the loops and then calls tidy, which may itself have to wait in the kernel. If either takes too long, it goes on
// without the caller; done tells whether both came to their end in time. fault is what tidy panicked with, usually nil. The loops of
// one stream all have the same owner, which is told of a stuck thread.
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

// awaited receives from c, waiting at most the given time.
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
