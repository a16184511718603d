package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"viamillipede/bench/diff"
	"viamillipede/bench/result"
	"viamillipede/engine"
)

// diffHelp is what "help diff" prints.
const diffHelp = `bench diff OLD NEW [threshold PERCENT] [only ROW]

Compares two files of results, each one JSON or the output of "go test -bench" (the Go
benchmark format), with several rounds of each name; "-" is standard input. For each
name and unit, which is a row, it prints the medians, the change, and p: how likely it is
that chance alone makes as much of a difference in any of the rows (corrected for their
number by Holm's method). A difference counts when p is below 0.02: the same program
compared with itself passes 99 times out of 100. Fewer rows show smaller differences: "only
ROW", which may be given more than once, compares the rows of that name, of that unit, or of
both, as in only 'Stream-2 MB/s'.

A difference for the worse by more than the threshold is a regression. Less is worse for
rates (MB/s, GB/s); more is worse for times (s/GiB, ns/op) and for counts of what costs
(switches, retransmits). For other units it is not known which way is worse.

Rounds that were not taken in turn are compared by the U test of Mann and Whitney. It takes at
least 5 of each, and 15 to find a fifth in noise of a tenth. It cannot tell a slower program
from a slower hour. Files that both say "order: in turn" and began at the same time are
compared pair by pair, by the signed-rank test of Wilcoxon, which sees through that.

Default threshold: 5%.

The exit status is 1 when there is a regression, and standard error then has the line
"viamillipede: bench diff: regression: ...". It is also 1, with another line, when a word is
wrong, a file cannot be read, or the files share no row. Otherwise it is 0.
`

// defaultThreshold is the share that a change for the worse may have, where the command line does not say.
const defaultThreshold = 0.05

// twoFiles is what bench diff compares.
type twoFiles struct {
	names     [2]string // old and new; "-" is standard input
	threshold float64
	only      []string // rows: names, units, or both with a blank between them; nil is all
}

// report compares the files and writes the table.
func (f twoFiles) report(w io.Writer) engine.Status {
	table, err := f.compare()
	if err != nil {
		return failed(ownPrefix, err)
	}
	if err := table.WriteText(w); err != nil {
		return failed(ownPrefix, localPipe("standard output", err))
	}
	if n := table.Regressions(); n > 0 {
		return failed(ownPrefix, usageError("bench diff: regression: %d of %d rows are worse by more than %s",
			n, len(table.Rows), percent(table.Threshold)))
	}
	return engine.StatusDone
}

// compare reads the files. Each error is an *engine.Error of engine.StatusUsage.
func (f twoFiles) compare() (diff.Table, error) {
	var both [2]result.File
	for i, name := range f.names {
		var err error
		if both[i], err = result.Read(name); err != nil {
			return diff.Table{}, &engine.Error{Status: engine.StatusUsage, Reason: "bench diff", Err: err}
		}
	}
	table := diff.Compare(both[0], both[1], f.threshold, f.wants)
	switch {
	case len(table.Rows) > 0:
	case len(f.only) > 0:
		return table, usageError("bench diff: only: the files share no such row")
	default:
		return table, usageError("bench diff: the files share no name and unit")
	}
	return table, nil
}

// wants reports whether a row is asked for.
func (f twoFiles) wants(name, unit string) bool {
	return len(f.only) == 0 || slices.ContainsFunc([]string{name, unit, name + " " + unit}, func(s string) bool {
		return slices.Contains(f.only, s)
	})
}

// parseDiff reads OLD NEW [threshold PERCENT] [only ROW].
func parseDiff(words []string) (*invocation, error) {
	f := twoFiles{threshold: defaultThreshold}
	for i, what := range []string{"OLD", "NEW"} {
		if len(words) == 0 {
			return nil, usageError("bench diff: expected a file for %s, found the end of the line", what)
		}
		f.names[i], words = words[0], words[1:]
	}
	if f.names[0] == "-" && f.names[1] == "-" {
		return nil, usageError("bench diff: expected at least one file that is not standard input")
	}
	for seen := false; len(words) > 0; words = words[2:] {
		if seen && words[0] == thresholdWord {
			return nil, usageError("bench diff: threshold: given twice")
		}
		seen = seen || words[0] == thresholdWord
		if err := f.parseOption(words); err != nil {
			return nil, err
		}
	}
	return &invocation{question: benchDiff, diff: f}, nil
}

const (
	thresholdWord = "threshold"
	onlyWord      = "only"
)

// parseOption reads a word that may stand after the files, and what belongs to it; words has at least one.
func (f *twoFiles) parseOption(words []string) error {
	want := map[string]string{thresholdWord: wantPercent, onlyWord: "a name, a unit, or both"}[words[0]]
	switch {
	case want == "":
		return usageError("bench diff: expected threshold, only or the end of the line, found %q%s", words[0],
			suggest(words[0], []string{thresholdWord, onlyWord}))
	case len(words) == 1:
		return usageError("bench diff: %s: expected %s, found the end of the line", words[0], want)
	case words[0] == onlyWord:
		f.only = append(f.only, words[1])
		return nil
	}
	share, ok := parsePercent(words[1])
	if !ok {
		return usageError("bench diff: threshold: expected %s, found %q", want, words[1])
	}
	f.threshold = share
	return nil
}

const wantPercent = "a percentage from 0 to 100, such as 5%"

// parsePercent reads a percentage, with or without the sign, as a share.
func parsePercent(word string) (share float64, ok bool) {
	word = strings.TrimSuffix(word, "%")
	v, err := strconv.ParseFloat(word, 64)
	return v / 100, err == nil && strings.Trim(word, "0123456789.") == "" && v <= 100
}

func percent(share float64) string { return fmt.Sprintf("%.4g %%", 100*share) }
