// Command growth measures what a stream costs as the work grows, and writes that part of BENCHMARKS.md with its plots.
//
//	go run ./tools/growth [-bin bin/viamillipede] [-rounds 5] [-for 11m30s] [-only links,...] [-png DIR] [-json FILE]
//	go run ./tools/growth -from FILE [-png DIR]
//
// One thing grows in each sweep (sweeps.go): links, paths, legs, the producer's writes, streams at once, the length of a
// stream. Ours and the bare relay (tools/internal/relay) move the same load one right after the other, so that each ratio
// is of neighbours in one round. Then come two streams that are too long for a round; the last is as long as the time
// allows, up to 1 TiB. It says at the start how long it will take, and is done within -for: where the machine is slow, it
// makes fewer rounds. Without -only the page is rewritten; with it, or -print, the tables are printed and no file is changed.
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
	"time"

	"viamillipede/tools/internal/machine"
	"viamillipede/tools/internal/marked"
	"viamillipede/tools/internal/pipeline"
	"viamillipede/tools/internal/relay"
)

const (
	page     = "BENCHMARKS.md"
	pictures = "tools/growth" // where the plots are
	part     = "growth"       // of the page
)

// settings are the command line.
type settings struct {
	bin    string // the viamillipede to measure
	self   string // this program
	rounds int
	time   time.Duration // for everything
	only   []string      // sweeps; empty means all, and the page is rewritten
	print  bool          // instead of rewriting
	png    string        // folder for the plots as PNG, to look at; "" for none
	json   string        // file that keeps the figures; "" for none
	from   string        // such a file, to use instead of measuring; "" for none
}

func main() {
	if status, ok := relay.Play(os.Args[1:]); ok {
		os.Exit(status)
	}
	pipeline.Main("growth", parse, run)
}

func parse() (settings, error) {
	var set settings
	flag.StringVar(&set.bin, "bin", "bin/viamillipede", "the viamillipede to measure")
	flag.IntVar(&set.rounds, "rounds", 5, "rounds at most; medians of these are given")
	flag.DurationVar(&set.time, "for", 11*time.Minute+30*time.Second, "how long it may take in all, a minute or more")
	flag.Func("only", "sweeps to measure and print, with commas between", func(text string) error {
		set.only = strings.Split(text, ",")
		for _, name := range set.only {
			if !slices.ContainsFunc(sweeps(), func(s sweep) bool { return s.name == name }) {
				return fmt.Errorf("no sweep is called %q", name)
			}
		}
		return nil
	})
	flag.BoolVar(&set.print, "print", false, "print everything and change no file")
	flag.StringVar(&set.png, "png", "", "a folder to draw the plots into as PNG")
	flag.StringVar(&set.json, "json", "", "a file to keep the figures in")
	flag.StringVar(&set.from, "from", "", "a file of -json: draw and write again what was measured then")
	flag.Parse()
	if set.rounds < 1 || set.time < time.Minute || flag.NArg() > 0 {
		return set, errors.New("expected -rounds of 1 or more, -for of a minute or more, and no other words")
	}
	set.print = set.print || len(set.only) > 0
	self, err := os.Executable()
	if err == nil {
		set.self = self
		set.bin, err = filepath.Abs(set.bin)
	}
	return set, err
}

// run measures, or reads what was measured, and gives it to the page or prints it.
func run(ctx context.Context, set settings) error {
	if !set.print {
		if err := marked.Check(page, part); err != nil {
			return err
		}
	}
	found, err := set.find(ctx)
	if err != nil {
		return err
	}
	if set.json != "" {
		if err := found.write(set.json); err != nil {
			return err
		}
	}
	if set.png != "" {
		if err := found.draw(set.png, "png"); err != nil {
			return err
		}
	}
	if set.print {
		_, err := fmt.Print(found.markdown())
		return err
	}
	if err := found.draw(pictures, "svg"); err != nil {
		return err
	}
	if err := marked.Rewrite(page, map[string]string{part: found.markdown()}); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "growth: %s and %s/*.svg are new\n", page, pictures)
	return nil
}

func (set settings) find(ctx context.Context) (found, error) {
	if set.from != "" {
		return read(set.from)
	}
	if _, err := os.Stat(set.bin); err != nil {
		return found{}, err
	}
	began, err := machine.Used()
	if err != nil {
		return found{}, err
	}
	header := machine.Header() + "- program: " + machine.Version(ctx, set.bin) + "\n"
	f, err := newRunner(set).all(ctx)
	if err != nil {
		return f, err
	}
	now, err := machine.Used()
	f.Header = header + fmt.Sprintf("- streams: %d rounds, pipes of 1 MiB\n", f.Rounds) + now.Others(began)
	return f, err
}
