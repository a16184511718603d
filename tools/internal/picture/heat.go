package picture

import (
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
)

// Heat draws a square of figures, one for each pair of places: dark is much, and NaN is nothing. rows[i][j] is from place i, counted from
// above, to place j.
func Heat(title, from, to string, places []string, rows [][]float64) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, to, from
	grid := square(rows)
	most := 0.0
	var labels plotter.XYLabels
	for i, row := range rows {
		for j, v := range row {
			if !math.IsNaN(v) {
				most = max(most, v)
				labels.XYs = append(labels.XYs, plotter.XY{X: float64(j), Y: float64(len(rows) - 1 - i)})
				labels.Labels = append(labels.Labels, strconv.FormatFloat(v, 'f', 0, 64))
			}
		}
	}
	heat := plotter.NewHeatMap(grid, blues{})
	heat.Min, heat.Max, heat.NaN = 0, max(most, 1), color.Gray{0xee}
	p.Add(heat)
	if words, err := plotter.NewLabels(labels); err == nil { // it fails without figures
		for i := range words.TextStyle {
			words.TextStyle[i].XAlign, words.TextStyle[i].YAlign = -0.5, -0.5
		}
		p.Add(words)
	}
	p.NominalX(places...)
	upward := make([]string, 0, len(places))
	for i := range places {
		upward = append(upward, places[len(places)-1-i])
	}
	p.NominalY(upward...)
	return p
}

// square is rows of figures as plotter.GridXYZ, whose rows go upward.
type square [][]float64

// Dims implements plotter.GridXYZ.
func (s square) Dims() (columns, rows int) { return len(s), len(s) }

// Z implements plotter.GridXYZ.
func (s square) Z(column, row int) float64 { return s[len(s)-1-row][column] }

// X implements plotter.GridXYZ.
func (s square) X(column int) float64 { return float64(column) }

// Y implements plotter.GridXYZ.
func (s square) Y(row int) float64 { return float64(row) }

// blues are shades from nearly white to a blue on which black words can still be read.
type blues struct{}

// Colors implements palette.Palette.
func (blues) Colors() []color.Color {
	const shades = 32
	var all []color.Color
	for i := range shades {
		fade := func(pale, deep int) uint8 { return uint8(pale + (deep-pale)*i/(shades-1)) }
		all = append(all, color.RGBA{fade(0xf4, 0x56), fade(0xf8, 0xa0), fade(0xfc, 0xd8), 0xff})
	}
	return all
}
