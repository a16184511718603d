package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// describe is the header: what was measured, where, and by which commands.
func describe(ctx context.Context, set settings) string {
	var t strings.Builder
	line := func(name, text string) { fmt.Fprintf(&t, "- %s: %s\n", name, text) }
	line("date", time.Now().UTC().Format("2006-01-02 15:04 MST"))
	line("processor", fmt.Sprintf("%s, %d CPUs used", processor(file("/proc/cpuinfo")), runtime.NumCPU()))
	line("memory", memoryLine(file("/proc/meminfo")))
	line("kernel", strings.TrimSpace(file("/proc/sys/kernel/osrelease")))
	line("Go", runtime.Version())
	line("default congestion control", strings.TrimSpace(file("/proc/sys/net/ipv4/tcp_congestion_control")))
	line("load average at the start", loadAverage(file("/proc/loadavg")))
	line("program", version(ctx, set.bin))
	line("streams", fmt.Sprintf("%g GiB, %d rounds, pipes of 1 MiB, write -> read", set.gib, set.rounds))
	for _, c := range contenders(set) {
		line(c.name, commands(set, c))
	}
	return t.String()
}

// commands are those of a contender, without the folders of this machine.
func commands(set settings, c contender) string {
	if c.rx == nil {
		return "`gen | sink`"
	}
	shorten := strings.NewReplacer(set.bin, "viamillipede", set.self, "figures")
	text := fmt.Sprintf("`gen | %s` to `%s | sink`", strings.Join(c.tx, " "), strings.Join(c.rx, " "))
	return shorten.Replace(text)
}

// file is the content of a file, "" when it cannot be read.
func file(name string) string {
	text, _ := os.ReadFile(name)
	return string(text)
}

// processor finds the model in /proc/cpuinfo, which not every architecture gives.
func processor(cpuinfo string) string {
	for line := range strings.Lines(cpuinfo) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// memoryLine gives the total of /proc/meminfo in GiB.
func memoryLine(meminfo string) string {
	var kib int64
	if _, err := fmt.Sscanf(meminfo, "MemTotal: %d kB", &kib); err != nil {
		return "unknown"
	}
	return fmt.Sprintf("%.1f GiB", float64(kib)/(1<<20))
}

// loadAverage is that of the last minute.
func loadAverage(loadavg string) string {
	first, _, _ := strings.Cut(loadavg, " ")
	return first
}

// version is what the program says of itself, on one line.
func version(ctx context.Context, bin string) string {
	ctx, cancel := context.WithTimeout(ctx, streamLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, "version")
	cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	out, err := cmd.Output()
	if err != nil {
		return err.Error()
	}
	return oneLine(string(out))
}
