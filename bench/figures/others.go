package main

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// userHZ is the number of ticks a second in /proc/stat (proc_stat(5)); on amd64 and arm64 it is always this.
const userHZ = 100

// usage is CPU time used until a moment: by the whole machine without interrupts, and by this process and its children.
type usage struct {
	at        time.Time
	all, mine time.Duration
}

// used takes the usage of now. Only children that were waited for count.
func used() (usage, error) {
	u := usage{at: time.Now()}
	var err error
	if u.all, err = parseStat(file("/proc/stat")); err != nil {
		return u, err
	}
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var r unix.Rusage
		if err := unix.Getrusage(who, &r); err != nil {
			return u, fmt.Errorf("getrusage: %w", err)
		}
		u.mine += time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	return u, nil
}

// others is what everybody else used since a moment, in per cent of one CPU: a run in which this is not small says little.
func (u usage) others(since usage) float64 {
	foreign := (u.all - since.all) - (u.mine - since.mine)
	return max(0, 100*ratio(float64(foreign), float64(u.at.Sub(since.at))))
}

// parseStat gives the time of all CPUs in processes and the kernel, from the first line of /proc/stat.
func parseStat(text string) (time.Duration, error) {
	var user, nice, system int64
	if _, err := fmt.Sscanf(text, "cpu %d %d %d", &user, &nice, &system); err != nil {
		line, _, _ := strings.Cut(text, "\n")
		return 0, fmt.Errorf("statistics of the kernel begin with %q: %w", line, err)
	}
	return time.Duration(user+nice+system) * time.Second / userHZ, nil
}
