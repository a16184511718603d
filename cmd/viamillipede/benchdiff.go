package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"viamillipede/bench/diff"
	"viamillipede/bench/result"
	"viamillipede/engine"
)

// diffHelp is what "help diff" prints.
const diffHelp = `bench diff OLD NEW [threshold PERCENT]

Compares two files of results, each one JSON or the output of "go test -bench" (the Go
benchmark format), with several rounds of each name; "-" is standard input. For each
name and unit it prints the medians, the change, and how likely chance alone makes as
much of a difference (p). Below 0.05 it counts as one.

A difference for the worse by more than the threshold is a regression. Less is worse for
rates (MB/s, GB/s); more is worse for times (s/GiB, ns/op) and for counts of what costs
(switches, retransmits). Of other units nobody knows.

Rounds that were taken apart are compared by the U test of Mann and Whitney. It takes at
least 4 of each, and 15 to find a fifth in noise of a tenth. It cannot tell a slower program
from a slower hour. Files that both say "order: in turn" and began at the same time are
compared pair by pair, by the signed-rank test of Wilcoxon, which sees through that.
Every row is tested alone: where nothing has changed, one in twenty is marked.

Default threshold: 5%.

The exit status is 1 when there is a regression, and standard error then has the line
"viamillipede: bench diff: regression: ..." ; 1 with another line where a word is wrong,
a file cannot be read, or the files have nothing in common; else 0.
`

// defaultThreshold is the share that a change for the worse may have, where the command line does not say.
const defaultThreshold = 0.05

// twoFiles is what bench diff compares.
type twoFiles struct {
	names     [2]string // old and new; "-" is standard input
	threshold float64
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
	table := diff.Compare(both[0], both[1], f.threshold)
	if len(table.Rows) == 0 {
		return table, usageError("bench diff: the files have no name and unit in common")
	}
	return table, nil
}

// parseDiff reads OLD NEW [threshold PERCENT].
func parseDiff(words []string) (*invocation, error) {
	f := twoFiles{threshold: defaultThreshold}
	for i, what := range []string{"OLD", "NEW"} {
		if len(words) == 0 {
			return nil, usageError("bench diff: expected a file for %s, found the end of the line", what)
		}
		f.names[i], words = words[0], words[1:]
	}
	if f.names[0] == "-" && f.names[1] == "-" {
		return nil, usageError("bench diff: expected one file at least that is not standard input")
	}
	if err := f.parseThreshold(words); err != nil {
		return nil, err
	}
	return &invocation{question: benchDiff, diff: f}, nil
}

// parseThreshold reads what may stand after the files.
func (f *twoFiles) parseThreshold(words []string) error {
	const word = "threshold"
	switch {
	case len(words) == 0:
		return nil
	case words[0] != word:
		return usageError("bench diff: expected threshold or the end of the line, found %q%s", words[0], suggest(words[0], []string{word}))
	case len(words) == 1:
		return usageError("bench diff: threshold: expected %s, found the end of the line", wantPercent)
	case len(words) > 2:
		return usageError("bench diff: expected the end of the line, found %q", words[2])
	}
	share, ok := parsePercent(words[1])
	if !ok {
		return usageError("bench diff: threshold: expected %s, found %q", wantPercent, words[1])
	}
	f.threshold = share
	return nil
}

const wantPercent = "a number of per cent from 0 to 100, such as 5%"

// parsePercent reads a number of per cent, with or without the sign, as a share.
func parsePercent(word string) (share float64, ok bool) {
	word = strings.TrimSuffix(word, "%")
	v, err := strconv.ParseFloat(word, 64)
	return v / 100, err == nil && strings.Trim(word, "0123456789.") == "" && v <= 100
}

func percent(share float64) string { return fmt.Sprintf("%.4g %%", 100*share) }
