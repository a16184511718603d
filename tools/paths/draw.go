package main

import (
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"

	"viamillipede/tools/internal/picture"
)

// head is the room above the highest rate, for the texts of events; side is the room to the right of the last sample, for
// the names of the lines. Both are fractions of the axis.
const (
	head = 0.9
	side = 0.1
)

// write draws the picture in a format that gonum knows: the paths above, the consumer below, on one axis of time.
func (r record) write(w io.Writer, title, format string) error {
	consumer, paths := r.lines[0], r.lines[1:]
	above, below := r.panel(paths, head), r.panel([]line{consumer}, 0.1)
	above.Title.Text = "viamillipede: " + title
	above.Add(words(r.events, above.Y.Max))
	below.X.Label.Text = "time in s"
	return picture.Write(w, format, above, below)
}

// panel draws lines, and a dotted line for each event, with room above as a fraction of the highest rate.
func (r record) panel(lines []line, room float64) *plot.Plot {
	p := plot.New()
	p.Y.Label.Text = "MB/s"
	p.X.Min, p.X.Max = 0, r.end()*(1+side)
	p.Y.Min, p.Y.Max = 0, top(lines)*(1+room)
	p.X.Tick.Marker, p.Y.Tick.Marker = picture.Ticks{}, picture.Ticks{}
	p.Legend.Top = true
	p.Legend.Padding = vg.Points(2)
	p.Add(picture.Grid())
	for _, e := range r.events {
		p.Add(picture.Stroke(plotter.XYs{{X: e.seconds, Y: 0}, {X: e.seconds, Y: p.Y.Max}}, color.Gray{0x88}, 0.7, 1, 2))
	}
	for i, l := range lines {
		c := picture.Colour(i)
		if len(lines) == 1 {
			c = picture.Dark()
		}
		drawn := picture.Stroke(l.at, c, 1.3)
		p.Add(drawn)
		p.Legend.Add(l.name, drawn)
	}
	return p
}

// words are the events' texts, vertical beside their lines.
func words(events []event, top float64) plot.Plotter {
	l := &plotter.Labels{}
	for _, e := range events {
		style := text.Style{Color: color.Gray{0x44}, Font: plot.DefaultFont, Rotation: math.Pi / 2,
			XAlign: text.XRight, YAlign: text.YTop, Handler: plot.DefaultTextHandler}
		style.Font.Size = vg.Points(8)
		l.XYs = append(l.XYs, plotter.XY{X: e.seconds, Y: top})
		l.Labels = append(l.Labels, e.what)
		l.TextStyle = append(l.TextStyle, style)
	}
	return l
}

// end is the time of the last sample.
func (r record) end() float64 { return r.lines[0].at[len(r.lines[0].at)-1].X }

// top is the highest rate of the lines; it is never 0.
func top(lines []line) float64 {
	most := 0.001
	for _, l := range lines {
		for _, at := range l.at {
			most = max(most, at.Y)
		}
	}
	return most
}
