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

// bar is one program in the main case.
type bar struct {
	name, row string
	mine      bool
	rate      picture.Spread
}

// bars are the programs that have figures, the fastest last, since the last is drawn at the top.
func bars(found record.Record) []bar {
	all := []bar{
		{name: "viamillipede, threads 16", row: "threads 16", mine: true}, {name: "viamillipede, threads 1", row: "threads 1", mine: true},
		{name: "bare relay by reference", row: "limit"}, {name: "bare relay that copies", row: "copying relay"},
		{name: "local pipe", row: "local pipe"}, {name: "socat", row: "socat"},
		{name: "mbuffer", row: "mbuffer"}, {name: "nc", row: "nc"}, {name: "socat over MPTCP", row: "socat over MPTCP"},
		{name: "ssh", row: "ssh"}, {name: "iperf3 (no pipes)", row: "iperf3"},
	}
	var some []bar
	for _, b := range all {
		if r, ok := found.Row(b.row); ok {
			b.rate = picture.SpreadOf(r.Values)
			some = append(some, b)
		}
	}
	slices.SortStableFunc(some, func(a, b bar) int { return int(1e6 * (a.rate.Median - b.rate.Median)) })
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
	var spreads []picture.Spread
	digits := &plotter.Labels{}
	most := 0.001
	for i, b := range bars(found) {
		drawn := &plotter.BarChart{Values: plotter.Values{b.rate.Median}, Width: thick, Color: picture.Pale(), XMin: float64(i), Horizontal: true}
		if b.mine {
			drawn.Color = picture.Colour(0)
		}
		p.Add(drawn)
		names = append(names, b.name)
		ends = append(ends, plotter.XY{X: b.rate.Median, Y: float64(i)})
		spreads = append(spreads, b.rate)
		digits.XYs = append(digits.XYs, plotter.XY{X: b.rate.Highest, Y: float64(i)})
		digits.Labels = append(digits.Labels, fmt.Sprintf("%.2f", b.rate.Median))
		digits.TextStyle = append(digits.TextStyle, words(text.XLeft, text.YCenter))
		most = max(most, b.rate.Highest)
	}
	digits.Offset = vg.Point{X: vg.Points(6)}
	if len(ends) > 0 {
		p.Add(&plotter.XErrorBars{XYs: ends, XErrors: picture.Whiskers(spreads), LineStyle: thin(), CapWidth: vg.Points(8)}, digits)
		p.NominalY(names...)
	}
	p.X.Min, p.X.Max = 0, most*1.1
	p.Y.Min, p.Y.Max = -0.6, float64(len(ends))-0.4
	return []*plot.Plot{p}
}

func thin() draw.LineStyle { return draw.LineStyle{Color: picture.Dark(), Width: vg.Points(1)} }

func words(x text.XAlignment, y text.YAlignment) text.Style {
	style := text.Style{Color: picture.Dark(), Font: plot.DefaultFont, XAlign: x, YAlign: y, Handler: plot.DefaultTextHandler}
	style.Font.Size = vg.Points(10)
	return style
}
