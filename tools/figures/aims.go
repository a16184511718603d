package main

import (
	"fmt"
	"slices"
	"strings"

	"viamillipede/bench/report"
)

// aim is a bound that a figure should keep. All of them are judged here; the median of the rounds decides.
type aim struct {
	row   string
	what  string // follows the bound in the text
	bound float64
	least bool                      // the bound is a minimum; otherwise a maximum
	got   func(b *board) []float64  // a figure for each round
	needs func(b *board) (met bool) // whether it can be judged in this run, if row has figures
}

// windowMiB and overheadMiB together bound the resident size of one end.
const (
	windowMiB   = 64
	overheadMiB = 48
)

// smallLegs is half of the CPU time of both ends that a GiB in legs of 16 KiB once cost, in seconds.
const smallLegs = 0.545

func aims() []aim {
	list := []aim{
		{rowDefault, "of the relay's rate", 0.97, true, over(rate, rowDefault, rowLimit), have(rowLimit)},
		{rowDefault, "of the relay's CPU time, the whole machine's", 1.08, false, over(whole, rowDefault, rowLimit), have(rowLimit)},
		{rowVSplice, "of its relay's rate", 0.95, true, over(rate, rowVSplice, rowVLimit), have(rowVLimit)},
		{rowVAuto, "of its copying relay's rate", 0.95, true, over(rate, rowVAuto, rowVRelay), have(rowVRelay)},
		{rowNull, "of the sendfile relay's rate, since all legs went by reference", 0.97, true, over(rate, rowNull, rowNRelay), referred(rowNull, rowNRelay)},
		{rowNull, "of the copying relay's rate, since legs were copied", 0.97, true, over(rate, rowNull, rowNCopying), copied(rowNull, rowNCopying)},
		{rowFile, "of the rate of cat, which has no network", 1, true, over(rate, rowFile, rowCat), have(rowCat)},
	}
	for _, c := range []struct{ kind, ours string }{
		{"", rowDefault}, {caseVmsplice, rowVAuto}, {caseFile, rowFile}, {caseNull, rowNull},
	} {
		list = append(list, aim{c.ours, "of the fastest of " + strings.Join(rivals(), ", "), 1, true, ahead(c.ours, c.kind), anyRival(c.kind)})
	}
	return append(list, []aim{
		{rowDefault, "of the local pipe's rate", 0.75, true, over(rate, rowDefault, rowPipe), have(rowPipe)},
		{rowOne, "of the fastest of threads 1, 4 and 16, for the slowest", 0.85, true, evenness, have(rowFour, rowDefault)},
		{rowLeg, "CPU s/GiB, both ends", smallLegs, false, plain(bothEnds, rowLeg), nil},
		{rowChecksum, "of the relay's rate", 0.60, true, over(rate, rowChecksum, rowLimit), have(rowLimit)},
		{rowKey, "of the rate of " + rowDefault, 0.60, true, over(rate, rowKey, rowDefault), have(rowDefault)},
		{rowKey, "of the rate of " + rowSSHFast, 3, true, over(rate, rowKey, rowSSHFast), have(rowSSHFast)},
		{rowKey, "of the rate of " + rowSocatTLS, 1.5, true, over(rate, rowKey, rowSocatTLS), have(rowSocatTLS)},
		{rowKilled, "of the rate of " + rowDefault, 0.80, true, over(rate, rowKilled, rowDefault), have(rowDefault)},
		{rowKilled, "of the bytes resent", 0.04, false, plain(func(r *row) []float64 { return r.resent }, rowKilled), nil},
		{rowVisited, "of the rate of " + rowDefault, 0.50, true, over(rate, rowVisited, rowDefault), have(rowDefault)},
		{rowLife, "ms", 15, false, plain(rate, rowLife), nil},
		{rowLifeKey, "ms more than " + rowLife, 60, false, above(rowLifeKey, rowLife), have(rowLife)},
		{rowIdle, "% of a CPU, both ends", 0.5, false, plain(rate, rowIdle), nil},
		{rowPaused, "% of a CPU, both ends", 0.5, false, plain(rate, rowPaused), nil},
		{rowPeakTX, "MiB, the highest", windowMiB + overheadMiB, false, highest(rowPeakTX), nil},
		{rowPeakRX, "MiB, the highest", windowMiB + overheadMiB, false, highest(rowPeakRX), nil},
	}...)
}

// Kinds of figures of a row, one for each of its values.
func rate(r *row) []float64  { return r.values }
func whole(r *row) []float64 { return r.all }

func bothEnds(r *row) []float64 {
	var sums []float64
	for i := range r.tx {
		sums = append(sums, r.tx[i]+r.rx[i])
	}
	return sums
}

// over is a kind of figure of one row as a multiple of another row's, in each round that has both.
func over(kind func(*row) []float64, a, b string) func(*board) []float64 {
	return func(t *board) []float64 {
		var ratios []float64
		for round := range t.round + 1 {
			if mine, his := t.in(round, kind, a), t.in(round, kind, b); mine > 0 && his > 0 {
				ratios = append(ratios, mine/his)
			}
		}
		return ratios
	}
}

// above is by how much the rate of one row exceeds that of another one, in each round that has both.
func above(a, b string) func(*board) []float64 {
	return func(t *board) []float64 {
		var more []float64
		for round := range t.round + 1 {
			if mine, his := t.in(round, rate, a), t.in(round, rate, b); mine > 0 && his > 0 {
				more = append(more, mine-his)
			}
		}
		return more
	}
}

// in is a row's figure in a round, the median where there are several; 0 if there is none.
func (b *board) in(round int, kind func(*row) []float64, name string) float64 {
	r := b.find(name)
	if r == nil {
		return 0
	}
	var some []float64
	for i, v := range kind(r) {
		if r.rounds[i] == round {
			some = append(some, v)
		}
	}
	return report.Median(some)
}

// ahead is our rate as a multiple of that of the fastest rival, in each round.
func ahead(ours, kind string) func(*board) []float64 {
	return func(t *board) []float64 {
		var ratios []float64
		for round := range t.round + 1 {
			var best float64
			for _, rival := range rivals() {
				best = max(best, t.in(round, rate, kind+rival))
			}
			if mine := t.in(round, rate, ours); mine > 0 && best > 0 {
				ratios = append(ratios, mine/best)
			}
		}
		return ratios
	}
}

// evenness is the slowest of the three numbers of links as a fraction of the fastest, in each round.
func evenness(t *board) []float64 {
	var ratios []float64
	for round := range t.round + 1 {
		a, b, c := t.in(round, rate, rowOne), t.in(round, rate, rowFour), t.in(round, rate, rowDefault)
		if min(a, b, c) > 0 {
			ratios = append(ratios, min(a, b, c)/max(a, b, c))
		}
	}
	return ratios
}

// plain and highest are called only for rows with figures.
func plain(kind func(*row) []float64, name string) func(*board) []float64 {
	return func(t *board) []float64 { return kind(t.row(name)) }
}

func highest(name string) func(*board) []float64 {
	return func(t *board) []float64 { return []float64{slices.Max(t.row(name).values)} }
}

// have is whether all of some rows have figures.
func have(names ...string) func(*board) bool {
	return func(b *board) bool {
		return !slices.ContainsFunc(names, func(n string) bool { return b.median(n) == 0 })
	}
}

// referred and copied are the two cases of a stream that goes by reference where nobody can change what is referred to.
func referred(name, relay string) func(*board) bool {
	return func(b *board) bool { return have(name, relay)(b) && !b.row(name).copied }
}

func copied(name, relay string) func(*board) bool {
	return func(b *board) bool { return have(name, relay)(b) && b.row(name).copied }
}

func anyRival(kind string) func(*board) bool {
	return func(b *board) bool {
		return slices.ContainsFunc(rivals(), func(rival string) bool { return b.median(kind+rival) > 0 })
	}
}

// known reports whether the figures are there that an aim is judged by.
func (a aim) known(b *board) bool {
	return b.median(a.row) > 0 && (a.needs == nil || a.needs(b)) && len(a.got(b)) > 0
}

// judged is the figure that decides; only for an aim that is known.
func (a aim) judged(b *board) float64 { return report.Median(a.got(b)) }

func (a aim) met(got float64) bool {
	if a.least {
		return got >= a.bound
	}
	return got <= a.bound
}

func (a aim) text() string {
	bound := "at most"
	if a.least {
		bound = "at least"
	}
	return fmt.Sprintf("%s %.4g %s", bound, a.bound, a.what)
}

func (a aim) word(got float64) string {
	if a.met(got) {
		return "met"
	}
	return "**missed**"
}

func (a aim) verdict(got float64) string {
	return fmt.Sprintf("%s: %s (%.2f)", a.text(), a.word(got), got)
}

// goals is a table of the aims that can be judged.
func (b *board) goals() string {
	var t strings.Builder
	t.WriteString("| row | goal | median | lowest | highest | verdict |\n|---|---|---|---|---|---|\n")
	for _, a := range aims() {
		if !a.known(b) {
			continue
		}
		all, got := a.got(b), a.judged(b)
		fmt.Fprintf(&t, "| %s | %s | %.3g | %.3g | %.3g | %s |\n", a.row, a.text(), got, slices.Min(all), slices.Max(all), a.word(got))
	}
	return t.String()
}
