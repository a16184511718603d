// Package run measures streams: "viamillipede bench".
//
//  1. hello     control.go     who is at the other end of the control connection: a bench, or a stranger
//  2. ask       message.go     tx says what the next round is to be like
//  3. ready     rx.go          rx has an engine.Receiver of its own for the round, and says at what port
//  4. stream    measure.go     both run and measure their end at the same time; or two of them, one each way (both.go)
//  5. report    tx.go, rx.go   each tells the other what it has measured
//  6. print     table.go       both print both ends; tx has medians and files of results too (stats.go, results.go)
//
// Programs hear of each stream meanwhile (witness.go).
//
// Steps 2 to 5 are a round and are repeated for each. Each process is one end (local.go starts a second one), so that a
// process's CPU time is that of one end.
package run

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/observe"
)

// Limits and defaults of the command line; every number here is also in the man page.
const (
	DefaultLength = 10 * time.Second
	DefaultRounds = 3
	MaxRounds     = 1e6
	MaxVariants   = 1000 // of all sweeps together
)

// Config says what to measure, and to where.
type Config struct {
	Version  string            // of the program
	Settings map[string]string // what the user has set, for readers of the results
	Options  engine.Options
	Own      Own // which of these options a receiver keeps instead of its sender's
	Verbose  int
	Out      io.Writer // for results
	Err      io.Writer // for everything else
	Words    Words

	// Of a receiver.
	Port     uint16 // for the control connection
	DataPort uint16 // for links; 0 for any free one
	Serve    int    // rounds to serve; 0 means no limit
	Queue    bool   // who comes while another one is served waits for a turn, for as long as that takes
	Wait     time.Duration
	trusts   bool // trusts its sender, which is this user's own

	// Of a sender.
	Paths    []engine.Path // each with the port of the control connection
	Length   time.Duration // of the counted part of each round
	Warmup   time.Duration // before that part
	Rounds   int           // of each variant
	Variants []Variant     // at least one
	Pipes    bool          // the stream comes from a pipe and goes into one
	Both     bool          // a second stream goes back at the same time
	JSON     string        // file for all that is known, "-" for Out, "" for none
	Bench    string        // file in the format of Go's benchmarks, likewise

	// Of either.
	Interval time.Duration       // of the lines that each round has while it lasts; 0: none
	Witness  func(Round) Witness // makes who hears of a stream of this process; nil: nobody does
	// Streams is given each stream of this process while it runs, until over is called; nil: nobody asks.
	Streams func(of Round, s Stream) (over func())

	// For both ends at once: the other process's command line after "bench rx -".
	Peer []string
}

// Words turns the engine's data into text as the program does elsewhere. The zero Words gives no text.
type Words struct {
	Observer   func(prefix string) observe.Observer // prints events, each line after prefix
	EnginePath func(observe.EnginePath) string
}

// observer is the observer of the end whose lines begin with prefix.
func (w Words) observer(prefix string) observe.Observer {
	if w.Observer == nil {
		return nil
	}
	return w.Observer(prefix)
}

// enginePath names an engine path.
func (w Words) enginePath(p observe.EnginePath) string {
	if w.EnginePath == nil {
		return ""
	}
	return w.EnginePath(p)
}

// Own tells which options a receiver's own command line sets; for the others it follows its sender.
type Own struct{ Threads, Window, IO, Congestion, SockStats bool }

// Variant is one combination of the swept settings.
type Variant struct {
	Settings []Setting // in the order of the sweeps; none if nothing is swept
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

// order returns the variants in the order of a round, counted from 0. Each round begins one further on, so that none is
// always the first on a machine that has just warmed up, or always comes after the same other one.
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

// causeOf is why ctx has ended, or err if it has not.
func causeOf(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
