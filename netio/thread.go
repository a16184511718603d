package netio

import (
	"time"

	"golang.org/x/sys/unix"
)

// ThreadTime is the CPU time that the calling thread has used. A goroutine that is not locked to its thread may find another one there
// the next time.
func ThreadTime() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
