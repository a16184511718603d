package main

import (
	"fmt"
	"slices"
	"strings"

	"viamillipede/bench/report"
)

func column(r *row, figure func(sample) float64) (values []float64) {
	for _, s := range r.samples {
		values = append(values, figure(s))
	}
	return values
}

func (r *row) seconds() float64 {
	return report.Median(column(r, func(s sample) float64 { return s.seconds }))
}

func (r *row) fed() float64 { return report.Median(column(r, func(s sample) float64 { return s.fed })) }

// markdown is all tables.
func markdown(rows []*row) string {
	var t strings.Builder
	for _, p := range []path{slow, fast, local} {
		var mine []*row
		for _, r := range rows {
			if r.path == p {
				mine = append(mine, r)
			}
		}
		if len(mine) > 0 {
			t.WriteString(measured(p, mine) + "\n")
		}
	}
	t.WriteString(asked(rows))
	t.WriteString(projected(rows))
	for _, r := range rows {
		if len(r.failed) > 0 {
			fmt.Fprintf(&t, "\n%s, %s: %d rounds failed, the first with: %s\n", r.path.name, r.name, len(r.failed), report.OneLine(r.failed[0].Error()))
		}
	}
	return strings.TrimRight(t.String(), "\n") + "\n"
}

// measured is the table of a path.
func measured(p path, rows []*row) string {
	var t strings.Builder
	fmt.Fprintf(&t, "%s:\n\n| stream | s | lowest to highest | source read after s | times none | shorter | CPU s, sender's side | CPU s, receiver's side |\n|---|---|---|---|---|---|---|---|\n", p.name)
	for _, r := range rows {
		name := r.name
		if r.random {
			name += ", random bytes"
		}
		if len(r.samples) == 0 {
			fmt.Fprintf(&t, "| %s | no figure |  |  |  |  |  |  |\n", name)
			continue
		}
		all := column(r, func(s sample) float64 { return s.seconds })
		fmt.Fprintf(&t, "| %s | %.2f | %.2f to %.2f | %.2f | %s | %s | %.2f | %s |\n", name, r.seconds(), slices.Min(all), slices.Max(all), r.fed(),
			number(report.Ratio(find(rows, "none", r.random).seconds(), r.seconds())), number(report.Median(column(r, func(s sample) float64 { return s.ratio }))),
			report.Median(column(r, func(s sample) float64 { return s.tx })), number(report.Median(column(r, func(s sample) float64 { return s.rx }))))
	}
	return t.String()
}

// number is a figure, or nothing for one that there is not.
func number(v float64) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", v)
}

// find is the row whose name begins like that; one without figures if there is none.
func find(rows []*row, name string, random bool) *row {
	for _, r := range rows {
		if strings.HasPrefix(r.name, name) && r.random == random {
			return r
		}
	}
	return &row{}
}

// asked compares with what was asked.
func asked(rows []*row) string {
	on := func(p path) (mine []*row) {
		for _, r := range rows {
			if r.path == p {
				mine = append(mine, r)
			}
		}
		return mine
	}
	ratio := func(p path, a, b string, random bool) float64 {
		return report.Ratio(find(on(p), a, random).seconds(), find(on(p), b, random).seconds())
	}
	var t strings.Builder
	t.WriteString("| goal | asked | got |  |\n|---|---|---|---|\n")
	goal := func(what string, least, got float64) {
		verdict := "met"
		switch {
		case got == 0:
			verdict = "no figure"
		case got < least:
			verdict = "**missed**"
		}
		fmt.Fprintf(&t, "| %s | %.2f | %s | %s |\n", what, least, number(got), verdict)
	}
	const auto, zstd = "`sidechain auto`", "`zstd"
	goal("`sidechain auto` against none, 100 Mbit/s, times as fast", 2.5, ratio(slow, "none", auto, false))
	goal("likewise against `zstd -T0` in the pipe, 100 Mbit/s", 1, ratio(slow, zstd, auto, false))
	goal("likewise, 1 Gbit/s", 1, ratio(fast, zstd, auto, false))
	goal("random bytes, `sidechain auto` against none, 100 Mbit/s", 0.97, ratio(slow, "none", auto, true))
	goal("likewise, 1 Gbit/s", 0.97, ratio(fast, "none", auto, true))
	goal("`sidechain 'gzip -1'` against `gzip -1` in the pipe, on as many CPUs for both ends together", 1.7, ratio(local, "`gzip", "`sidechain 'gzip", false))
	serial, ours := find(on(local), "`gzip -1 -c \\| viamillipede tx`"+yields, false), find(on(local), "`sidechain 'gzip -1'`"+yields, false)
	goal("likewise, where the receiver yields: until all of the source is read", 1.7, report.Ratio(serial.fed(), ours.fed()))
	goal("`sidechain gzip:1` against the same, both ends", 1.7, ratio(local, "`gzip", "`sidechain gzip:1", false))
	return t.String()
}

// cores are what is projected to.
var cores = []int{16, 64}

// projected is what a sender with more cores would take from its source.
func projected(rows []*row) string {
	var t strings.Builder
	for _, r := range rows {
		if r.path != local || r.coder == "" || len(r.samples) == 0 || strings.Contains(r.name, "auto") || strings.Contains(r.name, yields) {
			continue
		}
		if t.Len() == 0 {
			t.WriteString("\n**A projection, not measured**: what a sender takes from its source where all of so many cores are its own, at the CPU time that a MiB costs here, the sender's\n" +
				"other work included, and what it sends of that. One pipe brings no more than *local pipe* under [In short](#in-short); the receiver decodes on as many cores as\n" +
				"it has, at the cost given.\n\n" +
				"| stream | CPU ms a MiB: coders | the sender's side, all | the receiver's side |")
			for _, n := range cores {
				fmt.Fprintf(&t, " %d cores: MB/s taken | Mbit/s sent |", n)
			}
			t.WriteString("\n|---|---|---|---|" + strings.Repeat("---|---|", len(cores)) + "\n")
		}
		mib := float64(r.of.bytes) / (1 << 20)
		per := func(figure func(sample) float64) float64 { return report.Median(column(r, figure)) / mib }
		all := per(func(s sample) float64 { return s.tx })
		fmt.Fprintf(&t, "| %s | %.2f | %.2f | %.2f |", r.name, 1e3*per(func(s sample) float64 { return s.coders }), 1e3*all, 1e3*per(func(s sample) float64 { return s.rx }))
		for _, n := range cores {
			takes := float64(n) / all * (1 << 20) / 1e6
			fmt.Fprintf(&t, " %.0f | %.0f |", takes, report.Ratio(8*takes, report.Median(column(r, func(s sample) float64 { return s.ratio }))))
		}
		t.WriteString("\n")
	}
	return t.String()
}
