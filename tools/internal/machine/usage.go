package machine

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/bench/report"
)

// userHZ is the number of ticks a second in /proc/stat (proc_stat(5)); on amd64 and arm64 it is always this.
const userHZ = 100

// Usage is CPU time used until a moment: by the whole machine without interrupts, and by this process and its children.
type Usage struct {
	at        time.Time
	all, mine time.Duration
}

// Used takes the usage of now. Only children that were waited for count.
func Used() (Usage, error) {
	u := Usage{at: time.Now()}
	var err error
	if u.all, err = parseStat(content("/proc/stat")); err != nil {
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

// Others is a line of a header: what everybody else used since a moment. A run in which that is not small says little.
func (u Usage) Others(since Usage) string {
	return fmt.Sprintf("- used meanwhile by everything else on the machine: %.0f %% of a CPU, over %.0f s\n",
		u.foreign(since), u.at.Sub(since.at).Seconds())
}

// foreign is what everybody else used, in per cent of one CPU.
func (u Usage) foreign(since Usage) float64 {
	used := (u.all - since.all) - (u.mine - since.mine)
	return max(0, 100*report.Ratio(float64(used), float64(u.at.Sub(since.at))))
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
