// Package picture has what the plots of BENCHMARKS.md have in common.
package picture

import (
	"image/color"
	"io"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The size of a picture, and the space around its panels.
const (
	width  = 10 * vg.Inch
	height = 6 * vg.Inch // or enough for each of its panels
	panel  = 2.5 * vg.Inch
	gap    = 10 // points
)

// Colour is the colour of line i. Colour-blind people can tell them apart; the fifth is the first again.
func Colour(i int) color.Color {
	list := []color.RGBA{{0x00, 0x72, 0xb2, 0xff}, {0xe6, 0x9f, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff}, {0xcc, 0x79, 0xa7, 0xff}}
	return list[i%len(list)]
}

// Dark is the colour of a single line, and of text.
func Dark() color.Color { return color.RGBA{0x33, 0x33, 0x33, 0xff} }

// Pale is the colour of what is only there for comparison.
func Pale() color.Color { return color.RGBA{0xb0, 0xb0, 0xb0, 0xff} }

// Write draws panels, one above another with their vertical axes aligned, in a format that gonum knows.
func Write(w io.Writer, format string, panels ...*plot.Plot) error {
	c, err := draw.NewFormattedCanvas(width, max(height, panel*vg.Length(len(panels))), format)
	if err != nil {
		return err
	}
	var rows [][]*plot.Plot
	for _, p := range panels {
		rows = append(rows, []*plot.Plot{p})
	}
	tiles := draw.Tiles{Rows: len(rows), Cols: 1, PadY: gap, PadTop: gap, PadBottom: gap, PadLeft: gap, PadRight: gap}
	for i, row := range plot.Align(rows, tiles, draw.New(c)) {
		panels[i].Draw(row[0])
	}
	_, err = c.WriteTo(w)
	return err
}

// Stroke is a line; width and dashes are in points.
func Stroke(at plotter.XYs, c color.Color, width float64, dashes ...vg.Length) *plotter.Line {
	return &plotter.Line{XYs: at, LineStyle: draw.LineStyle{Color: c, Width: vg.Length(width), Dashes: dashes}}
}

// Grid is a grid of horizontal lines.
func Grid() *plotter.Grid {
	grid := plotter.NewGrid()
	grid.Vertical.Width = 0
	grid.Horizontal.Color = color.Gray{0xdd}
	return grid
}

// Ticks have five to ten marks at round numbers.
type Ticks struct{}

// Ticks implements plot.Ticker.
func (Ticks) Ticks(least, most float64) []plot.Tick {
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
