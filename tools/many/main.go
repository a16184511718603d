// Command many measures streams side by side, all of them into one receiver, and writes that part of BENCHMARKS.md.
//
//	go run ./tools/many [-bin bin/viamillipede] [-streams 1,4,16,64] [-rounds 5] [-seconds 3] [-print]
//
//	load.go     the processes of so many streams: producers, senders, a receiver with its consumers; or relays
//	measure.go  what moves while all of them flow
//	roles.go    a producer that ends when it is told to, and a consumer that says how much it has read
//	table.go    the figures as text
//
// The interval that counts begins when bytes of every stream have come out, and ends before the producers do, so that neither the start nor
// the end of processes is in it. As many bare relays (tools/internal/relay), a pair of processes for each stream, show what the machine and
// its scheduler make of such a load. All loads take turns in each round. Everything shares the CPUs of this machine.
//
// Run it from the root of the source tree. Every child dies with this process.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"viamillipede/tools/internal/machine"
	"viamillipede/tools/internal/marked"
	"viamillipede/tools/internal/pipeline"
	"viamillipede/tools/internal/relay"
)

const (
	page = "BENCHMARKS.md"
	part = "many" // of the page
)

// settings are the command line.
type settings struct {
	bin     string // the viamillipede to measure
	self    string // this program
	streams []int  // at once, the fewest first; all others are compared with those
	rounds  int
	lasts   time.Duration // the interval that counts
	print   bool          // instead of rewriting the page
}

func main() {
	for _, play := range []func([]string) (int, bool){playRole, relay.Play} {
		if status, ok := play(os.Args[1:]); ok {
			os.Exit(status)
		}
	}
	pipeline.Main("many", parse, run)
}

func parse() (settings, error) {
	set := settings{streams: []int{1, 4, 16, 64}}
	var seconds float64
	flag.StringVar(&set.bin, "bin", "bin/viamillipede", "the viamillipede to measure")
	flag.Func("streams", "how many at once, with commas between (1,4,16,64)", func(text string) error {
		set.streams = nil
		for word := range strings.SplitSeq(text, ",") {
			n, err := strconv.Atoi(word)
			if err != nil || n < 1 {
				return fmt.Errorf("%q streams", word)
			}
			set.streams = append(set.streams, n)
		}
		return nil
	})
	flag.IntVar(&set.rounds, "rounds", 5, "rounds; medians of these are given")
	flag.Float64Var(&seconds, "seconds", 3, "how long each load is measured")
	flag.BoolVar(&set.print, "print", false, "print everything and change no file")
	flag.Parse()
	if set.rounds < 1 || seconds <= 0 || flag.NArg() > 0 {
		return set, errors.New("expected -rounds of 1 or more, -seconds of more than 0, and no other words")
	}
	set.lasts = time.Duration(seconds * float64(time.Second))
	slices.Sort(set.streams)
	self, err := os.Executable()
	if err == nil {
		set.self = self
		set.bin, err = filepath.Abs(set.bin)
	}
	if err == nil {
		_, err = os.Stat(set.bin)
	}
	return set, err
}

// run measures round by round and gives everything to the page at the end; progress goes to standard error.
func run(ctx context.Context, set settings) error {
	if !set.print {
		if err := marked.Check(page, part); err != nil {
			return err
		}
	}
	began, err := machine.Used()
	if err != nil {
		return err
	}
	header := machine.Header() + "- program: " + machine.Version(ctx, set.bin) + "\n"
	rows := set.rows()
	for round := range set.rounds {
		if err := set.takeTurns(ctx, rows, round); err != nil {
			return err
		}
	}
	now, err := machine.Used()
	if err != nil {
		return err
	}
	text := header + fmt.Sprintf("- rounds: %d, of which %v count\n", set.rounds, set.lasts) + now.Others(began) + "\n" + markdown(rows)
	if set.print {
		fmt.Print(text)
		return nil
	}
	return marked.Rewrite(page, map[string]string{part: text})
}

// rows are all loads: ours, and the relay's.
func (set settings) rows() (rows []*row) {
	for _, relays := range []bool{false, true} {
		for _, n := range set.streams {
			rows = append(rows, &row{streams: n, relays: relays})
		}
	}
	return rows
}

// takeTurns measures each row once, backwards in every second round. A load that fails is told and has no figure in this round.
func (set settings) takeTurns(ctx context.Context, rows []*row, round int) error {
	turn := slices.Clone(rows)
	if round%2 == 1 {
		slices.Reverse(turn)
	}
	for _, r := range turn {
		fmt.Fprintf(os.Stderr, "many: round %d/%d, %s\n", round+1, set.rounds, r.name())
		s, err := set.measure(ctx, r)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "many: %s: %v\n", r.name(), err)
			s = sample{}
		}
		r.samples = append(r.samples, s)
	}
	return nil
}
