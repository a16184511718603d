// Command figures measures viamillipede on one machine and prints the tables of BENCHMARKS.md.
//
//	go run ./tools/figures [-bin bin/viamillipede] [-before OLD] [-gib 4] [-rounds 5] [-only name,...] ... [-json FILE]
//
// A stream goes from a producer that writes a constant buffer, through real pipes and the program measured over loopback,
// to a consumer that reads and counts. The rate is the consumer's, from its first byte to the end of file; a stream that
// comes out short, or an end that fails, gives no figure. The programs take turns within each round, so that noise hits
// all alike, and each is compared with the limit of the same run: a bare relay over one connection that promises nothing
// (tools/internal/relay). What should be reached is in aims.go, and is judged round by round.
//
// The program starts itself again, with a hidden first argument, as producer, consumer, relay and empty program. Every child has a time limit and dies with this process.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"viamillipede/tools/internal/machine"
	"viamillipede/tools/internal/pipeline"
	"viamillipede/tools/internal/relay"
)

// settings are the command line.
type settings struct {
	bin    string  // the viamillipede to measure
	before string  // an older one for the main case, to compare with in the same run; "" for none
	self   string  // this program
	gib    float64 // length of a stream
	rounds int
	only   []string // names of rows; empty means all
	json   string   // file for the figures; "" for none

	secrets secrets           // of private streams
	absent  map[string]string // why rows of other programs are not available
}

func (s settings) bytes() uint64 { return uint64(s.gib * (1 << 30)) }

// wants reports whether a row was asked for.
func (s settings) wants(name string) bool { return len(s.only) == 0 || slices.Contains(s.only, name) }

func main() {
	if status, ok := relay.Play(os.Args[1:]); ok {
		os.Exit(status)
	}
	if role, ok := roleOf(os.Args); ok {
		os.Exit(role.run(os.Args[2:]))
	}
	pipeline.Main("figures", parse, run)
}

// addOnly adds the rows of one -only: one name, which may contain a comma, or several.
func (s *settings) addOnly(text string) error {
	names := []string{text}
	if !slices.Contains(rowNames(), text) {
		names = strings.Split(text, ",")
	}
	for _, name := range names {
		if !slices.Contains(rowNames(), name) {
			return fmt.Errorf("no row is called %q; there are: %s", name, strings.Join(rowNames(), "; "))
		}
	}
	s.only = append(s.only, names...)
	return nil
}

func parse() (settings, error) {
	var set settings
	flag.StringVar(&set.bin, "bin", "bin/viamillipede", "the viamillipede to measure")
	flag.StringVar(&set.before, "before", "", "an older viamillipede to compare with in the main case")
	flag.Float64Var(&set.gib, "gib", 4, "length of each stream in GiB")
	flag.IntVar(&set.rounds, "rounds", 5, "rounds; medians of these are printed")
	flag.StringVar(&set.json, "json", "", "a file to write the figures into, for programs")
	flag.Func("only", "names of rows to measure, with commas between; may be given again; without it, all", set.addOnly)
	flag.Parse()
	if set.rounds < 1 || set.gib <= 0 || flag.NArg() > 0 {
		return set, fmt.Errorf("expected -rounds of 1 or more, -gib above 0, and no other words")
	}
	var err error
	for _, bin := range []*string{&set.bin, &set.before} {
		if *bin == "" {
			continue
		}
		if *bin, err = filepath.Abs(*bin); err != nil {
			return set, err
		}
		if _, err = os.Stat(*bin); err != nil {
			return set, err
		}
	}
	set.self, err = os.Executable()
	return set, err
}

// run measures round by round and prints everything at the end; progress goes to stderr.
func run(ctx context.Context, set settings) error {
	var err error
	set.secrets, err = makeSecrets(ctx, set.bin)
	defer set.secrets.remove()
	if err != nil {
		return err
	}
	set.absent = absentPeers(ctx, set)
	board := newBoard(contenders(set))
	header := describe(ctx, set)
	began, err := machine.Used()
	if err != nil {
		return err
	}
	for round := range set.rounds {
		board.round = round
		start := time.Now()
		for _, m := range measurements(set, board) {
			if err := ctx.Err(); err != nil {
				return err
			}
			fmt.Fprintf(os.Stderr, "round %d/%d: %s\n", round+1, set.rounds, m.name)
			m.take(ctx)
		}
		forecast(set.rounds-round-1, time.Since(start))
	}
	now, err := machine.Used()
	if err != nil {
		return err
	}
	found := board.record(header + now.Others(began))
	fmt.Printf("%s\n%s\n%s\n%s", found.Header, found.Table, found.Goals, list(found.Lost))
	if set.json == "" {
		return nil
	}
	return found.Write(set.json)
}

// forecast says how long the rest is going to take, if its rounds are like the last.
func forecast(left int, round time.Duration) {
	if left > 0 {
		rest := time.Duration(left) * round
		fmt.Fprintf(os.Stderr, "figures: %v more, until about %s\n", rest.Round(time.Second), time.Now().Add(rest).UTC().Format("15:04 MST"))
	}
}

// list is a list in Markdown.
func list(lines []string) string {
	var t strings.Builder
	for _, l := range lines {
		t.WriteString("- " + l + "\n")
	}
	return t.String()
}
