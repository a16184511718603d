// Package run measures streams: "viamillipede bench".
//
//  1. hello     control.go     who is at the other end of the control connection: a bench, or a stranger
//  2. ask       message.go     tx says what the next round is to be like
//  3. ready     rx.go          rx has an engine.Receiver of its own for the round, and says at what port
//  4. stream    measure.go     both run and measure their end at the same time
//  5. report    tx.go, rx.go   each tells the other what it has measured
//  6. print     table.go       both print both ends; tx has medians and files of results too (stats.go, results.go)
//
// Steps 2 to 5 are a round, and come again for each one. One process is one end (local.go starts a second one), so that what
// the kernel says of a process's CPU time is said of one end.
package run

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"viamillipede/engine"
)

// Limits and defaults of the command line; every number here is also in the man page.
const (
	DefaultLength = 10 * time.Second
	DefaultRounds = 3
	MaxRounds     = 1e6
	MaxVariants   = 1000 // of all sweeps together
)

// Config says what to measure, and where to.
type Config struct {
	Version  string            // of the program
	Settings map[string]string // what the user has set, for those who read the results
	Options  engine.Options
	Own      Own // of these options, those that a receiver keeps against its sender's
	Verbose  int
	Out      io.Writer // for results, of those who read them
	Err      io.Writer // for everything else
	Words    Words

	// Of a receiver.
	Port     uint16 // for the control connection
	DataPort uint16 // for links; 0 is any free one
	Serve    int    // rounds to serve; 0 is any number
	Wait     time.Duration
	trusts   bool // its sender, which is this user's own

	// Of a sender.
	Paths    []engine.Path // each with the port of the control connection
	Length   time.Duration // of each round, that counts
	Warmup   time.Duration // before them
	Rounds   int           // of each variant
	Variants []Variant     // one at least
	Pipes    bool          // the stream comes from a pipe and goes into one
	JSON     string        // file for all that is known, "-" for Out, "" for none
	Bench    string        // file in the format of Go's benchmarks, likewise

	// Of both at once: the words for the other process's command line, behind "bench rx -".
	Peer []string
}

// Words makes text of what the engine says, as the program does elsewhere. The zero Words has none.
type Words struct {
	Observer   func(prefix string) engine.Observer // prints events, each line after prefix
	EnginePath func(engine.EnginePath) string
}

// observer is that of the end whose lines begin so.
func (w Words) observer(prefix string) engine.Observer {
	if w.Observer == nil {
		return nil
	}
	return w.Observer(prefix)
}

// enginePath names an engine path.
func (w Words) enginePath(p engine.EnginePath) string {
	if w.EnginePath == nil {
		return ""
	}
	return w.EnginePath(p)
}

// Own are the options of a receiver's own command line; for the others it does as its sender.
type Own struct{ Threads, Window, IO, Congestion, SockStats bool }

// Variant is one combination of what is swept.
type Variant struct {
	Settings []Setting // in the order of the sweeps; none where nothing is swept
	Options  engine.Options
	Paths    []engine.Path
}

// Setting is a keyword with its value, as the user writes it.
type Setting struct{ Word, Value string }

// Name is the variant in one word or more, such as "threads=4 io=copy".
func (v Variant) Name() string { return v.join(" ", "as given") }

func (v Variant) join(sep, none string) string {
	if len(v.Settings) == 0 {
		return none
	}
	var words []string
	for _, s := range v.Settings {
		words = append(words, s.Word+"="+s.Value)
	}
	return strings.Join(words, sep)
}

// order gives the variants in the order of a round, from 0: each begins one further on, so that none is always the first after
// the same other one, or on a machine that has just become warm.
func order(variants, round int) []int {
	turns := make([]int, variants)
	for i := range turns {
		turns[i] = (i + round) % variants
	}
	return turns
}

func fail(status engine.Status, cause error, format string, args ...any) *engine.Error {
	return &engine.Error{Status: status, Reason: fmt.Sprintf(format, args...), Err: cause}
}

// causeOf is why ctx has ended, or err.
func causeOf(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
