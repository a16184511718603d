package diff

import (
	"slices"
	"strings"
)

// direction says which change of a unit is for the worse.
type direction int

const (
	unknown     direction = iota
	lessIsWorse           // rates
	moreIsWorse           // times, and counts of what is expensive
)

// Parts of units. A unit may begin with its subject and a dash, and end with a slash and what it is counted per:
// tx-cpu-s/GiB, p99-ns/op.
var (
	rates = []string{"B/s", "kB/s", "KB/s", "MB/s", "GB/s", "KiB/s", "MiB/s", "GiB/s", "Mbit/s", "Gbit/s", "legs/s", "packets/s"}
	costs = []string{
		"s", "sec", "seconds", "ms", "us", "µs", "ns", "switches", "retransmits", "retransmitted", "migrations", "waits", "preempted",
		"preemptions", "timeouts", "drops", "faults", "calls", "allocs", "lost", "resent",
	}
	costly = []string{"B/op"}
)

// Totals of a round, which say nothing about a program if rounds differ in length or bytes.
var wholes = []string{"tx-s", "rx-s", "tx-cpu-s", "rx-cpu-s"}

// isPart reports whether a unit is about one link or one queue. How a stream is spread over them changes from round to
// round and is neither better nor worse, so parts are left out of a comparison.
func isPart(unit string) bool {
	return strings.Contains(unit, "-link-") || strings.Contains(unit, "-queue-")
}

// directionOf looks at the end of a unit: what comes before its last dash does not matter.
func directionOf(unit string) direction {
	word := unit[strings.LastIndexByte(unit, '-')+1:]
	what, _, _ := strings.Cut(word, "/")
	switch {
	case slices.Contains(wholes, unit):
		return unknown
	case slices.Contains(rates, word):
		return lessIsWorse
	case slices.Contains(costs, what), slices.Contains(costly, word):
		return moreIsWorse
	}
	return unknown
}
