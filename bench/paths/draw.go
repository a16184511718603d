package main

import (
	"image/color"
	"io"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The size of a picture, and the space between its two panels.
const (
	width  = 10 * vg.Inch
	height = 6 * vg.Inch
	gap    = 10 // points
)

// head is the room above the highest rate, for the events' words; side is the room right of the last sample, for the
// names of the lines. Both are parts of the axis.
const (
	head = 0.9
	side = 0.1
)

// colours are of the paths, and the last of the consumer. They can be told apart by people who see no red or no green.
var colours = []color.RGBA{
	{0x00, 0x72, 0xb2, 0xff}, {0xe6, 0x9f, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff}, {0xcc, 0x79, 0xa7, 0xff}, {0x33, 0x33, 0x33, 0xff},
}

// write draws the picture in a format that gonum knows: the paths above, the consumer below, on one axis of time.
func (r record) write(w io.Writer, title, format string) error {
	c, err := draw.NewFormattedCanvas(width, height, format)
	if err != nil {
		return err
	}
	consumer, paths := r.lines[0], r.lines[1:]
	above, below := r.panel(paths, head), r.panel([]line{consumer}, 0.1)
	above.Title.Text = "viamillipede: " + title
	above.Add(words(r.events, above.Y.Max))
	below.X.Label.Text = "time in s"
	panels := [][]*plot.Plot{{above}, {below}}
	tiles := draw.Tiles{Rows: 2, Cols: 1, PadY: gap, PadTop: gap, PadBottom: gap, PadLeft: gap, PadRight: gap}
	for i, row := range plot.Align(panels, tiles, draw.New(c)) {
		panels[i][0].Draw(row[0])
	}
	_, err = c.WriteTo(w)
	return err
}

// panel draws lines, and a dotted line for each event, with room above as a part of the highest rate.
func (r record) panel(lines []line, room float64) *plot.Plot {
	p := plot.New()
	p.Y.Label.Text = "MB/s"
	p.X.Min, p.X.Max = 0, r.end()*(1+side)
	p.Y.Min, p.Y.Max = 0, top(lines)*(1+room)
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks{}, ticks{}
	p.Legend.Top = true
	p.Legend.Padding = vg.Points(2)
	grid := plotter.NewGrid()
	grid.Vertical.Width = 0
	grid.Horizontal.Color = color.Gray{0xdd}
	p.Add(grid)
	for _, e := range r.events {
		p.Add(stroke(plotter.XYs{{X: e.seconds, Y: 0}, {X: e.seconds, Y: p.Y.Max}}, color.Gray{0x88}, 0.7, 1, 2))
	}
	for i, l := range lines {
		c := colours[i%(len(colours)-1)]
		if len(lines) == 1 {
			c = colours[len(colours)-1]
		}
		drawn := stroke(l.at, c, 1.3)
		p.Add(drawn)
		p.Legend.Add(l.name, drawn)
	}
	return p
}

// stroke is a line of a width and dashes, in points.
func stroke(at plotter.XYs, c color.Color, width float64, dashes ...vg.Length) *plotter.Line {
	return &plotter.Line{XYs: at, LineStyle: draw.LineStyle{Color: c, Width: vg.Length(width), Dashes: dashes}}
}

// words are the events' texts, upright beside their lines.
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

// top is the highest rate of lines, and never 0.
func top(lines []line) float64 {
	most := 0.001
	for _, l := range lines {
		for _, at := range l.at {
			most = max(most, at.Y)
		}
	}
	return most
}

// ticks have five to ten marks at round numbers.
type ticks struct{}

// Ticks is plot.Ticker.
func (ticks) Ticks(least, most float64) []plot.Tick {
	step := math.Pow(10, math.Floor(math.Log10(most-least)))
	for _, part := range []float64{1, 2, 5} {
		if (most-least)/(step/part) >= 5 {
			step /= part
			break
		}
	}
	var list []plot.Tick
	for i := math.Ceil(least / step); i*step <= most; i++ {
		list = append(list, plot.Tick{Value: i * step, Label: strconv.FormatFloat(i*step, 'g', 4, 64)})
	}
	return list
}
