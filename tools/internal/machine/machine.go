// Package machine describes where something was measured, and what everybody else did meanwhile.
package machine

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/bench/report"
	"viamillipede/netio/host"
)

// versionLimit bounds how long a program asked for its version may run.
const versionLimit = 10 * time.Second

// Header is the beginning of a header, a list with one item per line: when and where something is measured.
func Header() string {
	var t strings.Builder
	line := func(name, text string) { fmt.Fprintf(&t, "- %s: %s\n", name, text) }
	line("date", time.Now().UTC().Format("2006-01-02 15:04 MST"))
	line("processor", fmt.Sprintf("%s, %d CPUs used", report.Processor(), runtime.NumCPU()))
	line("memory", memoryLine(host.System.Text("proc/meminfo")))
	line("kernel", host.System.Sysctl("kernel.osrelease"))
	line("Go", runtime.Version())
	line("default congestion control", host.System.Sysctl("net.ipv4.tcp_congestion_control"))
	line("load average at the start", loadAverage(host.System.Text("proc/loadavg")))
	return t.String()
}

// memoryLine is the total of /proc/meminfo, in GiB.
func memoryLine(meminfo string) string {
	var kib int64
	if _, err := fmt.Sscanf(meminfo, "MemTotal: %d kB", &kib); err != nil {
		return "unknown"
	}
	return fmt.Sprintf("%.1f GiB", float64(kib)/(1<<20))
}

// loadAverage is the load average of the last minute.
func loadAverage(loadavg string) string {
	first, _, _ := strings.Cut(loadavg, " ")
	return first
}

// Version is what the program says about itself, on one line.
func Version(ctx context.Context, bin string) string {
	ctx, cancel := context.WithTimeout(ctx, versionLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, "version")
	cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	out, err := cmd.Output()
	if err != nil {
		return err.Error()
	}
	return report.OneLine(string(out))
}
