package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"viamillipede/bench/report"
	"viamillipede/tools/internal/marked"
	"viamillipede/tools/internal/picture"
	"viamillipede/tools/internal/record"
)

// drawing is one plot.
type drawing struct {
	name   string // of its file, without the extension
	panels func(found record.Record) []*plot.Plot
}

func drawings() []drawing {
	return []drawing{
		{"peers", peerBars},
		{"threads", sweep{"viamillipede: rate and CPU time against the number of links", "threads", []point{
			{"1", "threads 1"}, {"4", "threads 4"}, {"16", "threads 16"}, {"64", "threads 64"}}}.panels},
		{"legs", sweep{"viamillipede: rate and CPU time against the largest leg, threads 16", "leg, in bytes (k: 2^10, M: 2^20)", []point{
			{"16k", "leg 16k"}, {"64k", "leg 64k"}, {"256k", "leg 256k"}, {"1M", "threads 16"}, {"4M", "leg 4M"}}}.panels},
	}
}

// write draws into a file, which is replaced atomically.
func (d drawing) write(name, format string, found record.Record) error {
	var b bytes.Buffer
	if err := d.draw(&b, format, found); err != nil {
		return fmt.Errorf("draw %s: %w", d.name, err)
	}
	return marked.Store(name, b.Bytes())
}

func (d drawing) draw(w io.Writer, format string, found record.Record) error {
	return picture.Write(w, format, d.panels(found)...)
}

// spread is the median of some figures, with the lowest and the highest.
type spread struct{ median, lowest, highest float64 }

func spreadOf(values []float64) spread {
	if len(values) == 0 {
		return spread{}
	}
	return spread{report.Median(values), slices.Min(values), slices.Max(values)}
}

// whiskers are the distances from the medians to the lowest and highest figures.
func whiskers(list []spread) []struct{ Low, High float64 } {
	var all []struct{ Low, High float64 }
	for _, s := range list {
		all = append(all, struct{ Low, High float64 }{s.median - s.lowest, s.highest - s.median})
	}
	return all
}

// bar is one program in the main case.
type bar struct {
	name, row string
	mine      bool
	rate      spread
}

// bars are the programs that have figures, the fastest last, since the last is drawn at the top.
func bars(found record.Record) []bar {
	all := []bar{
		{name: "viamillipede, threads 16", row: "threads 16", mine: true}, {name: "viamillipede, threads 1", row: "threads 1", mine: true},
		{name: "bare relay", row: "limit"}, {name: "local pipe", row: "local pipe"}, {name: "socat", row: "socat"},
		{name: "mbuffer", row: "mbuffer"}, {name: "nc", row: "nc"}, {name: "socat over MPTCP", row: "socat over MPTCP"},
		{name: "ssh", row: "ssh"}, {name: "iperf3 (no pipes)", row: "iperf3"},
	}
	var some []bar
	for _, b := range all {
		if r, ok := found.Row(b.row); ok {
			b.rate = spreadOf(r.Values)
			some = append(some, b)
		}
	}
	slices.SortStableFunc(some, func(a, b bar) int { return int(1e6 * (a.rate.median - b.rate.median)) })
	return some
}

// peerBars has a bar for each program: the median, a whisker from the lowest to the highest, and the median in digits.
func peerBars(found record.Record) []*plot.Plot {
	const thick = 22 // points
	p := plot.New()
	p.Title.Text = "One stream over loopback: medians, and from the lowest to the highest of the rounds"
	p.X.Label.Text = "GB/s at the consumer"
	p.X.Tick.Marker = picture.Ticks{}
	grid := picture.Grid()
	grid.Vertical, grid.Horizontal = grid.Horizontal, grid.Vertical
	p.Add(grid)
	var names []string
	var ends plotter.XYs
	var spreads []spread
	digits := &plotter.Labels{}
	most := 0.001
	for i, b := range bars(found) {
		drawn := &plotter.BarChart{Values: plotter.Values{b.rate.median}, Width: thick, Color: picture.Pale(), XMin: float64(i), Horizontal: true}
		if b.mine {
			drawn.Color = picture.Colour(0)
		}
		p.Add(drawn)
		names = append(names, b.name)
		ends = append(ends, plotter.XY{X: b.rate.median, Y: float64(i)})
		spreads = append(spreads, b.rate)
		digits.XYs = append(digits.XYs, plotter.XY{X: b.rate.highest, Y: float64(i)})
		digits.Labels = append(digits.Labels, fmt.Sprintf("%.2f", b.rate.median))
		digits.TextStyle = append(digits.TextStyle, words(text.XLeft, text.YCenter))
		most = max(most, b.rate.highest)
	}
	digits.Offset = vg.Point{X: vg.Points(6)}
	if len(ends) > 0 {
		p.Add(&plotter.XErrorBars{XYs: ends, XErrors: whiskers(spreads), LineStyle: thin(), CapWidth: vg.Points(8)}, digits)
		p.NominalY(names...)
	}
	p.X.Min, p.X.Max = 0, most*1.1
	p.Y.Min, p.Y.Max = -0.6, float64(len(ends))-0.4
	return []*plot.Plot{p}
}

// point is one value of a setting, and the row that was measured with it.
type point struct{ name, row string }

// sweep is a plot of figures against a setting.
type sweep struct {
	title, axis string
	points      []point
}

// panels are the rate, next to that of the relay and of the local pipe, and the CPU time of both ends.
func (s sweep) panels(found record.Record) []*plot.Plot {
	rate := s.panel("GB/s at the consumer", []curve{{"viamillipede", s.along(found, func(r record.Row) []float64 { return r.Values })}},
		level(found, "bare relay", "limit"), level(found, "local pipe", "local pipe"))
	cost := s.panel("CPU s/GiB", []curve{
		{"tx", s.along(found, func(r record.Row) []float64 { return r.TX })},
		{"rx", s.along(found, func(r record.Row) []float64 { return r.RX })},
	})
	rate.Title.Text = s.title
	cost.X.Label.Text = s.axis
	return []*plot.Plot{rate, cost}
}

// curve is a line through the medians, with whiskers.
type curve struct {
	name string
	at   []spread // for each point; 0 if there is no figure
}

// along collects one kind of figure over all points.
func (s sweep) along(found record.Record, of func(record.Row) []float64) []spread {
	var list []spread
	for _, p := range s.points {
		r, _ := found.Row(p.row)
		list = append(list, spreadOf(of(r)))
	}
	return list
}

// level is a median to compare with, drawn across the plot; without a figure it is left out.
func level(found record.Record, name, row string) curve {
	r, ok := found.Row(row)
	if !ok {
		return curve{}
	}
	return curve{name, []spread{spreadOf(r.Values)}}
}

// beside is how far the points of a curve are shifted from those of the curve before, so that whiskers do not overlap.
const beside = 0.02

// panel draws curves over the points, and levels as dashed lines.
func (s sweep) panel(unit string, curves []curve, levels ...curve) *plot.Plot {
	p := plot.New()
	p.Y.Label.Text = unit
	p.Y.Tick.Marker = picture.Ticks{}
	p.Legend.Top = true
	p.Legend.Padding = vg.Points(2)
	p.Add(picture.Grid())
	last := float64(len(s.points) - 1)
	most := 0.001
	for i, c := range curves {
		var at plotter.XYs
		var spreads []spread
		for x, v := range c.at {
			if v.median > 0 {
				at = append(at, plotter.XY{X: float64(x) + beside*float64(i), Y: v.median})
				spreads = append(spreads, v)
				most = max(most, v.highest)
			}
		}
		if len(at) == 0 {
			continue
		}
		line := picture.Stroke(at, picture.Colour(i), 1.5)
		dots := &plotter.Scatter{XYs: at, GlyphStyle: draw.GlyphStyle{Color: picture.Colour(i), Radius: vg.Points(3), Shape: draw.CircleGlyph{}}}
		p.Add(line, dots, &plotter.YErrorBars{XYs: at, YErrors: whiskers(spreads), LineStyle: line.LineStyle, CapWidth: vg.Points(8)})
		p.Legend.Add(c.name, line, dots)
	}
	for i, l := range levels {
		if len(l.at) == 0 {
			continue
		}
		y := l.at[0].median
		most = max(most, y)
		line := picture.Stroke(plotter.XYs{{X: -0.3, Y: y}, {X: last + 0.3, Y: y}}, picture.Colour(i+2), 1.2, 4, 3)
		p.Add(line)
		p.Legend.Add(l.name, line)
	}
	var names []string
	for _, point := range s.points {
		names = append(names, point.name)
	}
	p.NominalX(names...)
	p.X.Min, p.X.Max = -0.3, last+0.3
	p.Y.Min, p.Y.Max = 0, most*1.35 // room for the legend
	return p
}

func thin() draw.LineStyle { return draw.LineStyle{Color: picture.Dark(), Width: vg.Points(1)} }

func words(x text.XAlignment, y text.YAlignment) text.Style {
	style := text.Style{Color: picture.Dark(), Font: plot.DefaultFont, XAlign: x, YAlign: y, Handler: plot.DefaultTextHandler}
	style.Font.Size = vg.Points(10)
	return style
}
