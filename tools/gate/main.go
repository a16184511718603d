// Command gate fails when viamillipede has become slower than it was, or needs more CPU time.
//
//	go run ./tools/gate [-base HEAD~1] [-pairs 24] [-gib 1] [-save DIR] [-always] [-old FILE -new FILE]
//
// It builds the program of this source tree and that of a commit, in a temporary git worktree: the commit before, or the
// one named by GATE_BASE in the environment. If both are the same bytes there is nothing to measure, except with -always.
// Otherwise it runs streams of both in pairs, gen | tx -> rx | sink over loopback, in turn and within the same minutes,
// and judges the ratios of their rates and of their CPU times, producer and consumer included (verdict.go): one set of pairs, and a second one in case of doubt. A noisy machine, or a commit
// before that does not build or run, is not a failure: the last line gives the result. -old and -new name programs to
// compare in place of those built.
//
// Exit status: 0 passed, or no verdict; 1 worse, or this tree's program does not build or carry its stream.
//
// Every child has a time limit and dies with this process.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"viamillipede/bench/report"
	"viamillipede/tools/internal/pipeline"
)

// defaultPairs are enough to detect a program that is worse by a fifth even if one ratio of neighbours in three is off
// by more than that, and take less than a minute on two cores.
const defaultPairs = 24

// settings are the command line.
type settings struct {
	base     string
	old, new string // programs; "" means built here
	self     string // this program
	gib      float64
	pairs    int // in a set
	save     string
	always   bool // measure even if the programs are the same
}

func (s settings) bytes() uint64 { return uint64(s.gib * (1 << 30)) }

func main() {
	pipeline.Main("gate: failed", parse, run)
}

func parse() (settings, error) {
	var set settings
	flag.StringVar(&set.base, "base", cmp.Or(os.Getenv("GATE_BASE"), "HEAD~1"), "the commit to compare with")
	flag.StringVar(&set.old, "old", "", "the program to compare with, in place of the commit's")
	flag.StringVar(&set.new, "new", "", "the program to judge, in place of this tree's")
	flag.Float64Var(&set.gib, "gib", 1, "length of each stream in GiB")
	flag.IntVar(&set.pairs, "pairs", defaultPairs, "pairs of streams in a set")
	flag.StringVar(&set.save, "save", "", "folder for old.json and new.json, which \"viamillipede bench diff\" reads")
	flag.BoolVar(&set.always, "always", false, "measure even where both programs are the same")
	flag.Parse()
	const fewest = 8 // pairs; with fewer than 7, no p can be below the level
	if set.pairs < fewest || set.gib <= 0 || flag.NArg() > 0 || (set.old == "") != (set.new == "") {
		return set, fmt.Errorf("expected -pairs of %d or more, -gib above 0, -old and -new together, and no other words", fewest)
	}
	var err error
	set.self, err = os.Executable()
	return set, err
}

// run compares the two programs and prints the result. It is an error if the new one is worse.
func run(ctx context.Context, set settings) error {
	dir, err := os.MkdirTemp("", "gate-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p := programs{set.old, set.new, set.old, set.new}
	if set.old == "" {
		var reason string
		if p, reason, err = build(ctx, dir, set.base); err != nil {
			return err
		}
		if reason != "" {
			return tolerate(&failure{true, errors.New(reason)})
		}
	}
	same, err := p.alike()
	if err != nil {
		return err
	}
	if same && !set.always {
		fmt.Printf("gate: passed: %s and %s are the same program\n", p.oldName, p.newName)
		return nil
	}
	return compare(ctx, set, p)
}

// compare measures and judges.
func compare(ctx context.Context, set settings, p programs) error {
	s := series{began: time.Now()}
	if err := p.warmUp(ctx, set); err != nil {
		return tolerate(err)
	}
	passed, why, err := verdict(func(number int) (ratios, error) {
		got, err := s.takePairs(ctx, set, p)
		if err == nil {
			fmt.Printf("gate: set %d: rate, new/old: %v\ngate: set %d: CPU, old/new: %v\n", number+1, find(got.rate), number+1, find(got.cpu))
		}
		return got, err
	})
	if err != nil {
		return tolerate(err)
	}
	fmt.Printf("gate: old, %s: %v\ngate: new, %s: %v\n", p.oldName, medians(s.old), p.newName, medians(s.new))
	if set.save != "" {
		err = s.save(set.save, set, p)
	}
	if !passed {
		return errors.Join(errors.New(why), err)
	}
	fmt.Printf("gate: passed: %s\n", why)
	return err
}

// tolerate passes the gate if it was the program of the commit before that could not be measured.
func tolerate(err error) error {
	var f *failure
	if errors.As(err, &f) && f.old {
		fmt.Printf("gate: passed: nothing to compare with: %s\n", report.OneLine(f.err.Error()))
		return nil
	}
	return err
}
