package main

import (
	"fmt"
	"slices"
	"strings"

	"viamillipede/bench/report"
)

// aim is a bound that a figure should keep.
type aim struct {
	row   string
	what  string // follows the bound in the text
	bound float64
	least bool // the bound is a minimum; otherwise a maximum
	got   func(b *board) float64
	needs []string // rows without which the aim cannot be judged
}

// window and overhead together bound the resident size of one end, in MiB.
const (
	windowMiB   = 64
	overheadMiB = 48
)

func aims() []aim {
	over := func(a, b string) func(*board) float64 {
		return func(t *board) float64 { return report.Ratio(t.median(a), t.median(b)) }
	}
	highest := func(name string) func(*board) float64 {
		return func(t *board) float64 { return slices.Max(t.row(name).values) } // called only for rows with figures
	}
	plain := func(name string) func(*board) float64 { return func(t *board) float64 { return t.median(name) } }
	return []aim{
		{rowDefault, "of the limit", 0.92, true, over(rowDefault, rowLimit), []string{rowLimit}},
		{rowDefault, "of the local pipe", 0.75, true, over(rowDefault, rowPipe), []string{rowPipe}},
		{rowDefault, "of socat", 1.25, true, over(rowDefault, rowSocat), []string{rowSocat}},
		{rowDefault, "of mbuffer", 2, true, over(rowDefault, rowMbuffer), []string{rowMbuffer}},
		{rowDefault, "of nc", 4, true, over(rowDefault, rowNC), []string{rowNC}},
		{rowDefault, "of the limit's CPU time", 1.15, false, cpuOver(rowDefault, rowLimit), []string{rowLimit}},
		{rowVSplice, "of its limit", 0.85, true, over(rowVSplice, rowVLimit), []string{rowVLimit}},
		{rowVAuto, "of its copy relay", 0.85, true, over(rowVAuto, rowVRelay), []string{rowVRelay}},
		{rowFile, "of its relay", 0.90, true, over(rowFile, rowFRelay), []string{rowFRelay}},
		{rowNull, "of its relay", 0.90, true, over(rowNull, rowNRelay), []string{rowNRelay}},
		{rowOne, "of the best of threads 1, 4 and 16, for the worst", 0.85, true, evenness, []string{rowFour, rowDefault}},
		{rowChecksum, "of the limit", 0.60, true, over(rowChecksum, rowLimit), []string{rowLimit}},
		{rowKilled, "of " + rowDefault, 0.80, true, over(rowKilled, rowDefault), []string{rowDefault}},
		{rowKilled, "% resent", 4, false, func(t *board) float64 { return 100 * report.Median(t.row(rowKilled).resent) }, nil},
		{rowVisited, "of " + rowDefault, 0.50, true, over(rowVisited, rowDefault), []string{rowDefault}},
		{rowLife, "ms", 15, false, plain(rowLife), nil},
		{rowIdle, "%", 0.5, false, plain(rowIdle), nil},
		{rowPaused, "%", 0.5, false, plain(rowPaused), nil},
		{rowPeakTX, "MiB, the highest", windowMiB + overheadMiB, false, highest(rowPeakTX), nil},
		{rowPeakRX, "MiB, the highest", windowMiB + overheadMiB, false, highest(rowPeakRX), nil},
	}
}

// cpuOver compares the CPU time of both ends together.
func cpuOver(a, b string) func(*board) float64 {
	both := func(t *board, name string) float64 {
		r := t.row(name)
		return report.Median(r.tx) + report.Median(r.rx)
	}
	return func(t *board) float64 { return report.Ratio(both(t, a), both(t, b)) }
}

// evenness is the slowest of the three numbers of links as a fraction of the fastest.
func evenness(t *board) float64 {
	a, b, c := t.median(rowOne), t.median(rowFour), t.median(rowDefault)
	return report.Ratio(min(a, b, c), max(a, b, c))
}

// verdict says for each aim of a row whether it was met; "" if it has none, or the figures are missing.
func (b *board) verdict(name string) string {
	var said []string
	for _, a := range aims() {
		if a.row == name && b.has(a.needs) {
			said = append(said, a.verdict(a.got(b)))
		}
	}
	return strings.Join(said, "; ")
}

func (b *board) has(names []string) bool {
	for _, n := range names {
		if b.median(n) == 0 {
			return false
		}
	}
	return true
}

func (a aim) met(got float64) bool {
	if a.least {
		return got >= a.bound
	}
	return got <= a.bound
}

func (a aim) verdict(got float64) string {
	bound, word := "at most", "met"
	if a.least {
		bound = "at least"
	}
	if !a.met(got) {
		word = "**missed**"
	}
	return fmt.Sprintf("%s %.4g %s: %s (%.2f)", bound, a.bound, a.what, word, got)
}
