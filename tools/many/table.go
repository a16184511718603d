package main

import (
	"fmt"
	"slices"
	"strings"

	"viamillipede/bench/report"
)

// row is a load: so many streams of ours, or relays.
type row struct {
	streams int
	relays  bool
	samples []sample // one a round
}

func (r *row) name() string {
	if r.relays {
		return fmt.Sprintf("%d bare relays", r.streams)
	}
	return fmt.Sprintf("`keep %d`", r.streams)
}

// figures are those of the rounds that did not fail.
func (r *row) figures(figure func(sample) float64) (values []float64) {
	for _, s := range r.samples {
		if s.rate > 0 {
			values = append(values, figure(s))
		}
	}
	return values
}

func (r *row) median(figure func(sample) float64) float64 { return report.Median(r.figures(figure)) }

// against are the ratios of the rates of two rows, in each round that has both.
func (r *row) against(one *row) (ratios []float64) {
	for i, s := range r.samples {
		if i < len(one.samples) && s.rate > 0 && one.samples[i].rate > 0 {
			ratios = append(ratios, s.rate/one.samples[i].rate)
		}
	}
	return ratios
}

// markdown is all of it as a table. The first row of each kind is what others of it are compared with.
func markdown(rows []*row) string {
	var t strings.Builder
	t.WriteString("| streams at once | rate, GB/s | of one | lowest | highest | slowest stream, of the mean | fastest | beyond 20 % " +
		"| CPU s/GiB, tx | CPU s/GiB, rx | CPU s/GiB, machine |\n|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		one := rows[slices.IndexFunc(rows, func(o *row) bool { return o.relays == r.relays })]
		ratios := r.against(one)
		if len(ratios) == 0 {
			fmt.Fprintf(&t, "| %s | no figure |  |  |  |  |  |  |  |  |  |\n", r.name())
			continue
		}
		fmt.Fprintf(&t, "| %s | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.0f | %.3f | %.3f | %.3f |\n", r.name(),
			r.median(func(s sample) float64 { return s.rate / 1e9 }), report.Median(ratios), slices.Min(ratios), slices.Max(ratios),
			r.median(func(s sample) float64 { return s.least }), r.median(func(s sample) float64 { return s.most }),
			r.median(func(s sample) float64 { return float64(s.uneven) }), r.median(func(s sample) float64 { return s.tx }),
			r.median(func(s sample) float64 { return s.rx }), r.median(func(s sample) float64 { return s.machine }))
	}
	return t.String()
}
