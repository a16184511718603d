package report

import (
	"runtime"
	"strings"

	"viamillipede/netio/host"
)

// Processor is the model of this machine's processor, or its architecture if the kernel does not tell.
func Processor() string {
	return processor(host.System.Text("proc/cpuinfo"))
}

// processor finds the model in /proc/cpuinfo; not every architecture shows it.
func processor(cpuinfo string) string {
	for line := range strings.Lines(cpuinfo) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
