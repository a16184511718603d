package main

import (
	"errors"
	"strings"
	"testing"
)

func TestSummary(t *testing.T) {
	seconds, ratio := coded("viamillipede: 137 bytes (130.6 MiB) in 0.5 s, 0 links lost, sidechain auto (now s2): 130.6 MiB became 43.41 MiB (3.01 to 1), " +
		"19 of 80 legs as they are, 0.379 s of CPU, engine path: copy\n")
	if seconds != 0.379 || ratio != 3.01 {
		t.Errorf("%v s, %v to 1", seconds, ratio)
	}
	if seconds, ratio = coded("viamillipede: done\n"); seconds != 0 || ratio != 0 {
		t.Errorf("%v s, %v to 1, of nothing", seconds, ratio)
	}
}

func TestTables(t *testing.T) {
	of := data{bytes: 100 << 20}
	sampled := func(p path, name, coder string, seconds ...float64) *row {
		r := &row{path: p, name: name, of: of, coder: coder}
		for _, s := range seconds {
			r.samples = append(r.samples, sample{seconds: s, tx: 1, rx: 0.5, coders: 0.8, ratio: 4})
		}
		return r
	}
	rows := []*row{
		sampled(slow, "none", "", 9, 8, 10), sampled(slow, "`sidechain auto`", "sidechain", 3), sampled(slow, "`zstd -T0 -c \\| viamillipede tx`", "", 2.7),
		sampled(slow, "`ssh -C`", ""), sampled(local, "`sidechain zstd`", "sidechain", 1),
	}
	rows[3].failed = []error{errors.New("no\nluck | here")}
	got := markdown(rows)
	for _, want := range []string{
		"100 Mbit/s:\n", "| none | 9.00 | 8.00 to 10.00 | 0.00 | 1.00 | 4.00 | 1.00 | 0.50 |\n", "| `sidechain auto` | 3.00 | 3.00 to 3.00 | 0.00 | 3.00 | 4.00 |",
		"| `ssh -C` | no figure |", "times as fast | 2.50 | 3.00 | met |\n", "in the pipe, 100 Mbit/s | 1.00 | 0.90 | **missed** |\n", "1 Gbit/s | 1.00 |  | no figure |\n",
		"| `sidechain zstd` | 8.00 | 10.00 | 5.00 | 1678 | 3355 | 6711 | 13422 |\n", "1 rounds failed, the first with: no luck / here\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing:\n%s", want, got)
		}
	}
}

func TestWants(t *testing.T) {
	set := settings{only: []string{"100", "0"}}
	if !set.wants(slow) || set.wants(fast) || !set.wants(local) || !(settings{}).wants(fast) {
		t.Error("other paths than those asked for")
	}
}
