// Command coded measures what sidechains bring, and writes that part of BENCHMARKS.md.
//
//	go run ./tools/coded [-bin bin/viamillipede] [-rounds 5] [-only 100,1000] [-print]
//
//	rows.go      the streams that are measured
//	run.go       one stream: from the start of its sender to the end of both ends
//	material.go  what is sent: a tar of Go's source, and random bytes, both in memory
//	sshd.go      a server for ssh, at the receiver
//	table.go     the figures as text, and what they would be with more cores
//
// Both ends run on this machine, in two network namespaces joined by a pair of veth devices with a token bucket (tc-tbf(8)) of 100 Mbit/s
// or of 1 Gbit/s, or with none, so they share its CPUs. The rows take turns in each round. It needs root. Programs that are absent have no
// row. Without -print the page is rewritten.
//
// Run it from the root of the source tree. Every child has a time limit and dies with this process.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"viamillipede/netio/lab"
	"viamillipede/tools/internal/machine"
	"viamillipede/tools/internal/marked"
	"viamillipede/tools/internal/pipeline"
)

const (
	page = "BENCHMARKS.md"
	part = "coded" // of the page
)

// settings are the command line.
type settings struct {
	bin    string // the viamillipede to measure
	rounds int
	only   []string // paths; empty: all
	print  bool     // instead of rewriting the page
}

func main() { pipeline.Main("coded", parse, run) }

func parse() (settings, error) {
	var set settings
	flag.StringVar(&set.bin, "bin", "bin/viamillipede", "the viamillipede to measure")
	flag.IntVar(&set.rounds, "rounds", 5, "rounds; medians of these are given")
	flag.Func("only", "paths to measure and print, with commas between: 100, 1000, 0", func(text string) error {
		set.only, set.print = strings.Split(text, ","), true
		return nil
	})
	flag.BoolVar(&set.print, "print", set.print, "print everything and change no file")
	flag.Parse()
	if set.rounds < 1 || flag.NArg() > 0 {
		return set, errors.New("expected -rounds of 1 or more, and no other words")
	}
	var err error
	if set.bin, err = filepath.Abs(set.bin); err == nil {
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
	net, err := lab.Open(lab.Config{Paths: 1})
	if err != nil {
		return err
	}
	defer net.Close()
	m, err := makeMaterial()
	if err != nil {
		return err
	}
	defer m.remove()
	rows, absent := set.rows(ctx, net, m)
	header := machine.Header() + "- program: " + machine.Version(ctx, set.bin) + "\n"
	began, err := machine.Used()
	if err != nil {
		return err
	}
	for round := range set.rounds {
		if err := takeTurns(ctx, net, rows, round, set.rounds); err != nil {
			return err
		}
	}
	now, err := machine.Used()
	if err != nil {
		return err
	}
	text := header + m.describe() + fmt.Sprintf("- rounds: %d\n", set.rounds) + absent + now.Others(began) + "\n" + markdown(rows)
	if set.print {
		fmt.Print(text)
		return nil
	}
	return marked.Rewrite(page, map[string]string{part: text})
}

// takeTurns measures each row once, backwards in every second round.
func takeTurns(ctx context.Context, net *lab.Lab, rows []*row, round, rounds int) error {
	turn := slices.Clone(rows)
	if round%2 == 1 {
		slices.Reverse(turn)
	}
	for _, r := range turn {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		fmt.Fprintf(os.Stderr, "coded: round %d/%d, %s: %s\n", round+1, rounds, r.path.name, r.name)
		if err := r.measure(ctx, net); err != nil {
			fmt.Fprintf(os.Stderr, "coded: %s: %v\n", r.name, err)
			r.failed = append(r.failed, err)
		}
	}
	return nil
}
