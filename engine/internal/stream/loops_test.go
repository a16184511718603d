package stream

import (
	"os"
	"path/filepath"
	"testing"

	"viamillipede/affinity"
)

// Where a producer does not need a CPU, a sender has two loops, as far as its user lets it.
func TestLoopsForAFile(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "source"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	cpus, least := usable(), 1
	if cpus > 1 {
		least = fewLoops
	}
	for _, c := range []struct {
		what   string
		source *os.File
		o      Options
		want   int
	}{
		{"a pipe", r, Options{Threads: 16}, affinity.Loops(cpus, 16)},
		{"a pipe that may be lent", r, Options{Threads: 16, IO: "auto", Leg: 1 << 20}, max(least, affinity.Loops(cpus, 16))},
		{"a pipe, in small legs", r, Options{Threads: 16, IO: "auto", Leg: 16 << 10}, affinity.Loops(cpus, 16)},
		{"a pipe that is copied", r, Options{Threads: 16, IO: "copy", Leg: 1 << 20}, affinity.Loops(cpus, 16)},
		{"a file", file, Options{Threads: 16}, max(least, affinity.Loops(cpus, 16))},
		{"a file, by one link", file, Options{Threads: 1}, 1},
		{"a file, with one CPU named", file, Options{Threads: 16, CPUs: []int{0}}, 1},
		{"a file, where one thread is allowed", file, Options{Threads: 16, Means: Means{Loops: 1}}, 1},
		{"a test stream", file, Options{Threads: 16, PRBS: true}, affinity.Loops(cpus, 16)},
	} {
		setup := SendSetup{Setup: Setup{Options: c.o}, Source: int(c.source.Fd())}
		if got := setup.Loops(); got != c.want {
			t.Errorf("%s: %d loops, want %d", c.what, got, c.want)
		}
	}
}

// Loops that take more than half of the CPUs have one each.
func TestManyLoopsSpread(t *testing.T) {
	if usable() < 2 {
		t.Skip("one CPU")
	}
	n := usable()
	seen := map[int]bool{}
	for _, cpu := range (Options{Pin: true}).LoopCPUs(Sending, n) {
		seen[cpu] = true
	}
	if len(seen) != n {
		t.Errorf("%d loops on %d CPUs", n, len(seen))
	}
}
