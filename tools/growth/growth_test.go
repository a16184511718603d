package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"viamillipede/tools/internal/ends"
	"viamillipede/tools/internal/marked"
	"viamillipede/tools/internal/relay"
)

// TestMain lets the test program be what growth is to itself.
func TestMain(m *testing.M) {
	if status, ok := ends.Play(os.Args[1:]); ok {
		os.Exit(status)
	}
	if status, ok := relay.Play(os.Args[1:]); ok {
		os.Exit(status)
	}
	os.Exit(m.Run())
}

func own(t *testing.T) settings {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return settings{self: self, bin: "false", rounds: 1, time: time.Minute}
}

// Several streams at once are one load: their bytes count once, their costs and memory together.
func TestLoads(t *testing.T) {
	set := own(t)
	for _, l := range []load{
		{bytes: 4 * mib, streams: 1, feed: ends.ByWrite, drain: ends.ByRead},
		{bytes: 4 * mib, streams: 3, feed: ends.ByWrite, drain: ends.ByRead},
		{bytes: 64 * kib, streams: 1, piece: 16, feed: ends.ByWrite, drain: ends.ByRead},
		{bytes: 4 * mib, streams: 1, feed: ends.ByVMSplice, drain: ends.BySplice},
	} {
		s, err := set.measure(t.Context(), l, relay.Limit(set.self), time.Minute)
		if err != nil || s.Rate <= 0 || s.PeakTX <= 0 || s.PeakRX <= 0 {
			t.Errorf("%+v: %+v, %v", l, s, err)
		}
	}
	l := plain(4 * mib)
	if _, err := set.measure(t.Context(), l, relay.Ends{RX: relay.Limit(set.self).RX, TX: []string{"false"}}, time.Minute); err == nil {
		t.Error("a sender that fails gives figures")
	}
}

// Ours has an address for each path, and what grows in its words.
func TestCommands(t *testing.T) {
	p := point{words: threads(16), hosts: 2}
	got := strings.Join(settings{bin: "v"}.ours(p).TX, " ")
	if want := "v tx 127.0.0.1 PORT tx 127.0.0.2 PORT threads 16"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// What grows goes from its least to its most, and what is long comes last.
func TestSweeps(t *testing.T) {
	for _, want := range []struct{ name, first, last string }{
		{"links", "1", "64"}, {"paths", "1", "16"}, {"legs", "16k", "4M"}, {"writes", "1", "64k"}, {"streams", "1", "16"}, {"lengths", "1G", "16G"},
	} {
		for _, s := range sweeps() {
			if s.name != want.name {
				continue
			}
			if first, last := s.points[0].name, s.points[len(s.points)-1].name; first != want.first || last != want.last {
				t.Errorf("%s goes from %s to %s", s.name, first, last)
			}
		}
	}
	for bytes, want := range map[uint64]string{1: "1", 4 * kib: "4k", tib: "1T", 1000: "1000"} {
		if got := size(bytes); got != want {
			t.Errorf("%d is %s", bytes, got)
		}
	}
}

// A round goes over the points forwards and the next one backwards, the relay beside ours; a value's place is that of its sweep. The
// relay stands for both. A stream that fails costs its own figure only, and a run that is stopped is an error.
func TestRounds(t *testing.T) {
	set := own(t)
	r := newRunner(set)
	one, two := plain(mib), plain(2*mib)
	r.sweeps = []sweep{{name: "links", points: []point{{name: "a", load: one}, {name: "b", load: one}, {name: "c", load: two}}}}
	r.found.Sweeps = []grown{{Name: "links", Axis: "threads"}}
	for round := range 2 {
		if err := r.round(t.Context(), 0, round); err != nil {
			t.Fatal(err)
		}
	}
	if values := r.found.Sweeps[0].Values; len(values) != 3 || values[0].Name != "a" || values[2].Name != "c" || len(values[1].Pairs) != 2 {
		t.Errorf("%+v", values)
	}
	if a, b := r.found.Sweeps[0].Values[0].Pairs[0], r.found.Sweeps[0].Values[1].Pairs[0]; a.Relay == nil || a.Relay != b.Relay || a.Ours != nil {
		t.Errorf("ours, which is no viamillipede, and the relay: %+v, %+v", a, b)
	}
	if len(r.found.Failed) != 6 {
		t.Errorf("failed: %q", r.found.Failed)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.round(ctx, 0, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("a run that was stopped: %v", err)
	}
}

// A run whose time is up keeps the rounds that it made; one that is stopped, or has made none, keeps nothing.
func TestTimeIsUp(t *testing.T) {
	for _, c := range []struct {
		name          string
		rounds        int
		stopped, kept bool
	}{{"after a round", 1, false, true}, {"in the first round", 0, false, false}, {"stopped", 1, true, false}} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if c.stopped {
			cancel()
		}
		r := newRunner(own(t))
		r.found.Rounds, r.end = c.rounds, time.Now()
		if _, err := r.all(ctx); (err == nil) != c.kept {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// fixture has two points, of which one has no figure of the relay.
func fixture() found {
	s := func(rate float64) *sample {
		return &sample{Rate: rate, TX: 0.2, RX: 0.1, Machine: 0.7, PeakTX: 20, PeakRX: 10}
	}
	return found{Header: "- a header\n", Rounds: 2, Failed: []string{"links, 64: too\nslow"}, Sweeps: []grown{
		{Name: "links", Axis: "threads", Command: "`tx`", Values: []value{
			{"1", []pair{{s(3), s(4)}, {s(3), s(2)}, {s(4), s(4)}}}, {"64", []pair{{s(1), nil}, {nil, s(4)}}},
		}},
		{Name: "writes", Axis: "bytes", Values: []value{{"1", []pair{{s(0.01), nil}}}, {"64k", nil}}},
	}}
}

func TestTables(t *testing.T) {
	got := fixture().markdown()
	for _, want := range []string{
		"- a header\n\n**Links**: `tx`\n\n| threads |", "| 1 | 3 | 1.00 | 0.75 | 1.50 | 0.3 | 0.7 | 0.7 | 20 | 10 |\n", "| 64 | 1 |  |  |  | 0.3 | 0.7 | 0.7 | 20 | 10 |\n",
		"](tools/growth/links.svg)", "Without a figure: links, 64: too slow\n", "| 64k |  |",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
}

// What is kept is drawn again. To look at the plots: go test ./tools/growth -run Plots -artifacts
func TestPlots(t *testing.T) {
	name := filepath.Join(t.TempDir(), "growth.json")
	if err := fixture().write(name); err != nil {
		t.Fatal(err)
	}
	f, err := read(name)
	if err != nil || f.markdown() != fixture().markdown() {
		t.Fatalf("%v:\n%s", err, f.markdown())
	}
	dir := t.ArtifactDir()
	for _, format := range []string{"svg", "png"} {
		if err := f.draw(dir, format); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "links.svg"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{">64<", "CPU s/GiB", "MiB resident", ">threads<"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q", want)
		}
	}
}

// The page of this tree takes the part.
func TestPageTakesThePart(t *testing.T) {
	if err := marked.Check("../../"+page, part); err != nil {
		t.Error(err)
	}
	if err := marked.Check("../../README.md", part); err == nil {
		t.Error("a page without the part fits")
	}
}
