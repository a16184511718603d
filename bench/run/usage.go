package run

import (
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime is the CPU time that this process has used, all its threads together, user and system (getrusage(2)).
func cpuTime() time.Duration {
	var r unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &r) != nil {
		return 0 // it fails only for other arguments
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
