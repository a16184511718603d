package main

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"viamillipede/bench/run"
	"viamillipede/engine"
)

// The kinds of bench.
const (
	benchLocal = "local"
	benchRx    = "rx"
	benchTx    = "tx"
	benchServe = "serve" // rx, for as long as it is not stopped
	benchDiff  = "diff"  // of files that the others have written
)

var benchKinds = []string{benchLocal, benchRx, benchTx, benchServe, benchDiff}

// inherited is the port of a bench rx whose connection is standard input.
const inherited = "-"

// mostSweeps bounds the values of one sweep.
const mostSweeps = 100

// benchWords are the keywords that bench has beside those of a stream.
func benchWords() []keyword {
	return []keyword{
		{
			name: "seconds", initial: secondsText(run.DefaultLength),
			args: []argument{seconds("", func(inv *invocation, d time.Duration) { inv.bench.Length = d })},
			gist: "how long each round counts",
		},
		{
			name: "warmup", initial: "0 s",
			args: []argument{seconds("for none", func(inv *invocation, d time.Duration) { inv.bench.Warmup = d })},
			gist: "how long each round runs before it counts",
		},
		{
			name: "rounds", initial: strconv.Itoa(run.DefaultRounds) + ", at rx any number",
			args: []argument{number("N", 1, run.MaxRounds, func(inv *invocation, n int64) { inv.bench.Rounds = int(n) })},
			gist: "rounds of each configuration, or those to serve",
		},
		{
			name: "sweep", many: true,
			args: []argument{sweepWord(), sweepValues()},
			gist: "measure with each of the values that a keyword may have",
			more: `
Values are separated by commas, such as "sweep threads 1,4,16". Several sweeps are
combined, each value with each. checksum and charmode, which have no argument of their
own, are on or off. The configurations take turns: each has its first round before any
has its second, and each turn begins with another one.`,
		},
		{
			name: "pipes",
			gist: "from a producer through a pipe, and through a pipe to a consumer",
			more: `
Without it the stream goes from memory to memory: tx sends its buffers as they are, and
rx throws away what it has received. The producer and the consumer run inside the two
processes, whose CPU time includes theirs.`,
			set: func(inv *invocation) { inv.bench.Pipes = true },
		},
		{
			name: "bidir",
			gist: "a second stream goes back at the same time, over links of its own",
			more: `
For local and tx. Each round then has two lines, and each process, whose CPU time is shared
out by the bytes of both. tx dials for both, so that rx needs no other port.`,
			set: func(inv *invocation) { inv.bench.Both = true },
		},
		{
			name: "interval",
			args: []argument{seconds("", func(inv *invocation, d time.Duration) { inv.bench.Interval = d })},
			gist: "a line for every so many seconds of each round",
		},
		{
			name: "dataport", initial: "the next after rx's PORT",
			args: []argument{port(func(inv *invocation, p uint16) { inv.bench.DataPort = p })},
			gist: "the port that rx takes links on",
			more: `
local takes any free port, unless one is given.`,
		},
		{
			name: "json",
			args: []argument{file(func(inv *invocation, name string) { inv.bench.JSON = name })},
			gist: "write all results and settings to FILE; - is standard output",
		},
		{
			name: "gobench",
			args: []argument{file(func(inv *invocation, name string) { inv.bench.Bench = name })},
			gist: "write results in the format of Go's benchmarks, for benchstat",
			more: `
A line for each round; one operation is one GiB. - is standard output. The table then
goes to standard error.`,
		},
		{
			name: "events", args: []argument{eventsFile()},
			gist: "write to FILE what happens, one JSON object a line",
		},
	}
}

// benchHelp is what "help bench" says of these.
func benchHelp() string { return "\n\nIts own keywords:\n\n" + listed(benchWords()) }

// elsewhere are keywords that mean nothing to the bench of a kind.
var elsewhere = map[string][]string{
	benchLocal: {"via", "rate"},
	benchRx:    {"seconds", "warmup", "sweep", "pipes", "bidir", "json", "gobench", "prbs", "via", "rate", "chaos", "leglimit", "delayus", "charmode"},
	benchTx:    {"dataport"},
	benchServe: {"seconds", "warmup", "sweep", "pipes", "bidir", "json", "gobench", "prbs", "via", "rate", "chaos", "leglimit", "delayus", "charmode", "rounds", "connect"},
}

// benchTable is the grammar of a bench of the given kind.
func benchTable(kind string) []keyword {
	table := slices.Concat(benchWords(), original(), keyWords(), ours(), steered())
	switch kind {
	case benchRx, benchServe:
		table = append(table, benchPort(kind))
	case benchTx:
		table = append(append(table, benchHost()), ofPath()...)
	}
	return slices.DeleteFunc(table, func(k keyword) bool { return slices.Contains(elsewhere[kind], k.name) })
}

// benchPort is rx or serve with its port, or rx with a connection that is there already.
func benchPort(kind string) keyword {
	k := keyword{name: kind, initial: strconv.Itoa(engine.DefaultPort), gist: "serve benches on PORT"}
	number := optionalPort(func(inv *invocation, p uint16) { inv.rx.port = p })
	k.args = []argument{{
		name: number.name, want: number.want + ", or -",
		optional: func(word string) bool { return word == inherited && kind == benchRx || number.optional(word) },
		set: func(inv *invocation, word string) bool {
			inv.bench.one = word == inherited && kind == benchRx
			return inv.bench.one || number.set(inv, word)
		},
	}}
	return k
}

// benchHost is tx, which dials.
func benchHost() keyword {
	k := ends()[1]
	k.set = nil
	k.args = hostAndPort(func(inv *invocation, h string) { inv.dial(&inv.tx, "tx", h) })
	return k
}

// sweepable are the keywords that can be swept: they are about tx, or rx takes their value over.
var sweepable = []string{"threads", "window", "leg", "io", "congestion", "checksum", "charmode", "delayus", "cpus", "sockstats"}

// sweepWord is the keyword that is swept.
func sweepWord() argument {
	a := choice(sweepable, func(inv *invocation, word string) {
		inv.bench.sweeps = append(inv.bench.sweeps, sweep{word: word})
	})
	a.name, a.literal = "WORD", true
	return a
}

// sweepValues are its values; each has to be one that the keyword takes.
func sweepValues() argument {
	return argument{
		name: "VALUE,...", want: "values of the keyword, each once, separated by commas", literal: true,
		set: func(inv *invocation, word string) bool {
			s := &inv.bench.sweeps[len(inv.bench.sweeps)-1]
			s.values = strings.Split(word, ",")
			for i, v := range s.values {
				if slices.Contains(s.values[:i], v) || !s.apply(&invocation{}, v) {
					return false
				}
			}
			return len(s.values) <= mostSweeps
		},
	}
}

// sweep is a keyword with several values.
type sweep struct {
	word   string
	values []string
}

// apply sets one value; false is that the keyword does not take it.
func (s sweep) apply(inv *invocation, value string) bool {
	k, _ := find(slices.Concat(original(), ours()), s.word)
	if len(k.args) > 0 {
		return k.args[0].set(inv, value)
	}
	if value == "on" {
		k.set(inv)
	}
	return value == "on" || value == "off"
}

// file is the name of a file, or - for standard output.
func file(set func(*invocation, string)) argument {
	return argument{
		name: "FILE", want: "the name of a file, or -", literal: true,
		set: func(inv *invocation, word string) bool {
			set(inv, word)
			return namesFile(word)
		},
	}
}
