package run

import (
	"slices"

	"viamillipede/bench/report"
)

// figure summarises several rounds of one thing.
type figure struct {
	median float64
	spread float64 // from least to most, as a fraction of the median; 0 if that is 0
}

func figureOf(values []float64) figure {
	if len(values) == 0 {
		return figure{}
	}
	median := report.Median(values)
	return figure{median, report.Ratio(slices.Max(values)-slices.Min(values), median)}
}

// round is one stream, as both ends measured it.
type round struct {
	number, of int
	name       string   // of the variant
	variant    *Variant // nil at a receiver, which knows only the name
	back       bool     // it went from rx to tx, beside another one
	tx, rx     end
}

// rate is the rate at which the stream was delivered, in bytes a second.
func (r *round) rate() float64 { return r.rx.rate() }

// differs is the difference of the sender's rate from it, as a fraction of it: the ends do not start and stop counting at
// the same moment.
func (r *round) differs() float64 { return report.Ratio(r.tx.rate()-r.rx.rate(), r.rx.rate()) }

// columns are the figures of a round that go into the summary.
var columns = []func(r *round) float64{
	(*round).rate,
	func(r *round) float64 { return r.tx.perGiB() },
	func(r *round) float64 { return r.rx.perGiB() },
}

// gather groups rounds by variant, in the order of each one's first round.
func gather(rounds []round) [][]round {
	var all [][]round
	for _, r := range rounds {
		i := slices.IndexFunc(all, func(of []round) bool { return of[0].name == r.name })
		if i < 0 {
			all = append(all, nil)
			i = len(all) - 1
		}
		all[i] = append(all[i], r)
	}
	return all
}

// figuresOf are the figures of one variant's rounds, one for each column.
func figuresOf(rounds []round) []figure {
	var all []figure
	for _, column := range columns {
		var values []float64
		for i := range rounds {
			values = append(values, column(&rounds[i]))
		}
		all = append(all, figureOf(values))
	}
	return all
}
