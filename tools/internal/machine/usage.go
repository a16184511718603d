package machine

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/bench/report"
	"viamillipede/netio/host"
)

// userHZ is the number of ticks a second in /proc/stat (proc_stat(5)); on amd64 and arm64 it is always this.
const userHZ = 100

// Usage is CPU time used up to a moment: by the whole machine without interrupts, and by this process and its children.
type Usage struct {
	at        time.Time
	all, mine time.Duration
}

// Used returns the present usage. Only children that were waited for count.
func Used() (Usage, error) {
	u := Usage{at: time.Now()}
	t, err := parseStat(host.System.Text("proc/stat"))
	if err != nil {
		return u, err
	}
	u.all = t.processes
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var r unix.Rusage
		if err := unix.Getrusage(who, &r); err != nil {
			return u, fmt.Errorf("getrusage: %w", err)
		}
		u.mine += time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	return u, nil
}

// Others is a line of a header: what everybody else has used since a moment. If that is not small, the run says little.
func (u Usage) Others(since Usage) string {
	return fmt.Sprintf("- used meanwhile by everything else on the machine: %.0f %% of a CPU, over %.0f s\n",
		u.foreign(since), u.at.Sub(since.at).Seconds())
}

// foreign is what everybody else has used, in per cent of one CPU.
func (u Usage) foreign(since Usage) float64 {
	used := (u.all - since.all) - (u.mine - since.mine)
	return max(0, 100*report.Ratio(float64(used), float64(u.at.Sub(since.at))))
}

// Busy is the CPU time that the whole machine has used since boot, for processes and interrupts, to a hundredth of a
// second. No process is charged for interrupts, in which much of the network's work is done.
func Busy() (time.Duration, error) {
	t, err := parseStat(host.System.Text("proc/stat"))
	return t.processes + t.interrupts, err
}

// times are the CPU times of all CPUs together.
type times struct{ processes, interrupts time.Duration }

// parseStat reads the first line of /proc/stat (proc_stat(5)).
func parseStat(text string) (times, error) {
	var user, nice, system, idle, iowait, irq, softirq int64
	if _, err := fmt.Sscanf(text, "cpu %d %d %d %d %d %d %d", &user, &nice, &system, &idle, &iowait, &irq, &softirq); err != nil {
		line, _, _ := strings.Cut(text, "\n")
		return times{}, fmt.Errorf("statistics of the kernel begin with %q: %w", line, err)
	}
	const tick = time.Second / userHZ
	return times{time.Duration(user+nice+system) * tick, time.Duration(irq+softirq) * tick}, nil
}
