package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"viamillipede/bench/diff"
	"viamillipede/bench/result"
	"viamillipede/engine"
)

// benchWord begins a command line that measures or compares. It stands first, and what follows is no keyword of a stream: a host may
// be called bench, too.
const benchWord = "bench"

// benchHelp is what "help bench" prints.
const benchHelp = `bench diff OLD NEW [threshold PERCENT]

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

// bench carries out a command line that begins with "bench"; words are those after it.
func bench(words []string) engine.Status {
	var word string
	if len(words) > 0 {
		word, words = words[0], words[1:]
	}
	switch word {
	case "diff":
		return benchDiff(os.Stdout, words)
	case "":
		return failed(ownPrefix, usageError("bench: expected diff, found the end of the line"))
	}
	return failed(ownPrefix, usageError("bench: expected diff, found %q%s", word, suggest(word, []string{"diff"})))
}

// defaultThreshold is the share that a change for the worse may have, where the command line does not say.
const defaultThreshold = 0.05

// benchDiff compares two files and writes the table.
func benchDiff(w io.Writer, words []string) engine.Status {
	table, err := compare(words)
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

// compare reads the words after "bench diff" and the files. Each error is an *engine.Error of engine.StatusUsage.
func compare(words []string) (diff.Table, error) {
	files, threshold, err := parseDiff(words)
	if err != nil {
		return diff.Table{}, err
	}
	var both [2]result.File
	for i, name := range files {
		if both[i], err = result.Read(name); err != nil {
			return diff.Table{}, &engine.Error{Status: engine.StatusUsage, Reason: "bench diff", Err: err}
		}
	}
	table := diff.Compare(both[0], both[1], threshold)
	if len(table.Rows) == 0 {
		return table, usageError("bench diff: the files have no name and unit in common")
	}
	return table, nil
}

// parseDiff reads OLD NEW [threshold PERCENT].
func parseDiff(words []string) (files [2]string, threshold float64, err error) {
	for i, what := range []string{"OLD", "NEW"} {
		if len(words) == 0 {
			return files, 0, usageError("bench diff: expected a file for %s, found the end of the line", what)
		}
		files[i], words = words[0], words[1:]
	}
	if files[0] == "-" && files[1] == "-" {
		return files, 0, usageError("bench diff: expected one file at least that is not standard input")
	}
	if len(words) == 0 {
		return files, defaultThreshold, nil
	}
	if words[0] != "threshold" {
		return files, 0, usageError("bench diff: expected threshold or the end of the line, found %q%s",
			words[0], suggest(words[0], []string{"threshold"}))
	}
	if len(words) == 1 {
		return files, 0, usageError("bench diff: threshold: expected %s, found the end of the line", wantPercent)
	}
	threshold, ok := parsePercent(words[1])
	switch {
	case !ok:
		return files, 0, usageError("bench diff: threshold: expected %s, found %q", wantPercent, words[1])
	case len(words) > 2:
		return files, 0, usageError("bench diff: expected the end of the line, found %q", words[2])
	}
	return files, threshold, nil
}

const wantPercent = "a number of per cent from 0 to 100, such as 5%"

// parsePercent reads a number of per cent, with or without the sign, as a share.
func parsePercent(word string) (share float64, ok bool) {
	word = strings.TrimSuffix(word, "%")
	v, err := strconv.ParseFloat(word, 64)
	return v / 100, err == nil && strings.Trim(word, "0123456789.") == "" && v <= 100
}

func percent(share float64) string { return fmt.Sprintf("%.4g %%", 100*share) }
