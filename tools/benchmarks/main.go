// Command benchmarks measures everything in BENCHMARKS.md that is measured on one machine, and rewrites those parts of
// it.
//
//	go run ./tools/benchmarks [-bin bin/viamillipede] [-gib 4] [-rounds 9] [-png DIR] [-json FILE | -from FILE]
//	go run ./tools/benchmarks -quick [-bin bin/viamillipede]
//
// It runs tools/figures, which compares viamillipede with other programs, and tools/queues, which needs root; without
// root that part keeps its old text. Then it draws the plots (tools/benchmarks/*.svg) and puts everything between the
// markers of BENCHMARKS.md (tools/internal/marked). Nothing is written before everything is measured, and nothing else is
// touched. With -quick the main rows are measured and printed, and no file is written.
//
// Run it from the root of the source tree. Without -bin it builds the program first (make build).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"viamillipede/tools/internal/marked"
	"viamillipede/tools/internal/pipeline"
	"viamillipede/tools/internal/record"
)

const (
	page          = "BENCHMARKS.md"
	pictures      = "tools/benchmarks" // where the plots are
	runLimit      = time.Hour          // for everything; a quarter of an hour is typical on a quiet machine
	typicalRound  = 90 * time.Second
	typicalQueues = 30 * time.Second

	quickTime = 5 * time.Minute // the same with -quick, where one minute is typical
)

// settings are the command line.
type settings struct {
	bin    string // the viamillipede to measure
	gib    float64
	rounds int
	quick  bool
	png    string // folder for the plots as PNG, to look at; "" for none
	json   string // file that keeps the figures; "" for none
	from   string // such a file, to use instead of measuring; "" for none
}

func main() {
	pipeline.Main("benchmarks", parse, run)
}

func parse() (settings, error) {
	var set settings
	flag.StringVar(&set.bin, "bin", "", "the viamillipede to measure; it is made first when this is empty")
	flag.Float64Var(&set.gib, "gib", 4, "length of each stream in GiB")
	flag.IntVar(&set.rounds, "rounds", 9, "rounds, 5 or more; medians of these are given")
	flag.BoolVar(&set.quick, "quick", false, "measure the main rows for a minute, print them, and change no file")
	flag.StringVar(&set.png, "png", "", "a folder to draw the plots into as PNG too")
	flag.StringVar(&set.json, "json", "", "a file to keep the figures in")
	flag.StringVar(&set.from, "from", "", "a file of -json: draw and write again what was measured then")
	flag.Parse()
	if set.rounds < 5 || set.gib <= 0 || flag.NArg() > 0 {
		return set, errors.New("expected -rounds of 5 or more, -gib above 0, and no other words")
	}
	return set, nil
}

// run measures in a temporary folder.
func run(ctx context.Context, set settings) error {
	limit := runLimit
	if set.quick {
		limit = quickTime
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not done within %v", limit))
	defer cancel()
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if !set.quick {
		if err := marked.Check(page, partNames()...); err != nil {
			return err
		}
	}
	if set.from != "" {
		found, err := record.Read(set.from)
		if err != nil {
			return err
		}
		return set.write(found, partsOf(found))
	}
	p := programs{bin: set.bin, dir: dir, root: os.Geteuid() == 0}
	if err := p.build(ctx); err != nil {
		return err
	}
	if set.quick {
		return p.quick(ctx)
	}
	return set.regenerate(ctx, p)
}

// regenerate measures and writes the results. If a part fails, its old text stays, and the error says so.
func (set settings) regenerate(ctx context.Context, p programs) error {
	fmt.Fprintf(os.Stderr, "benchmarks: about %v on two quiet CPUs, %v at most\n", time.Duration(set.rounds)*typicalRound+typicalQueues, runLimit)
	found, err := p.figures(ctx, "-gib", strconv.FormatFloat(set.gib, 'g', -1, 64), "-rounds", strconv.Itoa(set.rounds))
	if err != nil {
		return err
	}
	parts := partsOf(found)
	var failed error
	if !p.root {
		fmt.Fprintln(os.Stderr, "benchmarks: tools/queues needs root: its part keeps its old text")
	} else if parts[partQueues], err = p.queues(ctx, set.rounds); err != nil {
		delete(parts, partQueues)
		failed = fmt.Errorf("its part keeps its old text: %w", err)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return errors.Join(failed, set.write(found, parts))
}

// write draws the plots and rewrites the page.
func (set settings) write(found record.Record, parts map[string]string) error {
	if set.json != "" {
		if err := found.Write(set.json); err != nil {
			return err
		}
	}
	if err := set.draw(found); err != nil {
		return err
	}
	if err := marked.Rewrite(page, parts); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "benchmarks: %s and %s/*.svg are new\n", page, pictures)
	return nil
}

// draw writes the plots.
func (set settings) draw(found record.Record) error {
	for _, d := range drawings() {
		if err := d.write(filepath.Join(pictures, d.name+".svg"), "svg", found); err != nil {
			return err
		}
		if set.png == "" {
			continue
		}
		if err := d.write(filepath.Join(set.png, d.name+".png"), "png", found); err != nil {
			return err
		}
	}
	return nil
}
