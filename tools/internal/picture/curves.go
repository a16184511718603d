package picture

import (
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"viamillipede/bench/report"
)

// Spread is the median of some figures, with the lowest and the highest.
type Spread struct{ Median, Lowest, Highest float64 }

// SpreadOf is zero if there are no figures.
func SpreadOf(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	return Spread{report.Median(values), slices.Min(values), slices.Max(values)}
}

// Whiskers are the distances from the medians to the lowest and highest figures.
func Whiskers(list []Spread) []struct{ Low, High float64 } {
	var all []struct{ Low, High float64 }
	for _, s := range list {
		all = append(all, struct{ Low, High float64 }{s.Median - s.Lowest, s.Highest - s.Median})
	}
	return all
}

// Curve is a line through the medians, with whiskers.
type Curve struct {
	Name string
	At   []Spread // for each place; 0 if there is no figure
}

// beside is how far the points of a curve are shifted from those of the curve before, so that whiskers do not overlap.
const beside = 0.02

// logFrom is the ratio of the highest figure to the lowest from which a panel has a logarithmic axis.
const logFrom = 30

// Panel draws curves over places with these names, and a dashed line across at level, 0 for none.
func Panel(unit string, places []string, level float64, curves ...Curve) *plot.Plot {
	p := plot.New()
	p.Y.Label.Text = unit
	p.Legend.Top = true
	p.Legend.Padding = vg.Points(2)
	p.Add(Grid())
	last := float64(len(places) - 1)
	least, most := 0.0, level
	for i, c := range curves {
		var at plotter.XYs
		var spreads []Spread
		for x, v := range c.At {
			if v.Lowest <= 0 {
				continue
			}
			at = append(at, plotter.XY{X: float64(x) + beside*float64(i), Y: v.Median})
			spreads = append(spreads, v)
			most = max(most, v.Highest)
			if least == 0 || v.Lowest < least {
				least = v.Lowest
			}
		}
		if len(at) == 0 {
			continue
		}
		line := Stroke(at, Colour(i), 1.5)
		dots := &plotter.Scatter{XYs: at, GlyphStyle: draw.GlyphStyle{Color: Colour(i), Radius: vg.Points(3), Shape: draw.CircleGlyph{}}}
		p.Add(line, dots, &plotter.YErrorBars{XYs: at, YErrors: Whiskers(spreads), LineStyle: line.LineStyle, CapWidth: vg.Points(8)})
		p.Legend.Add(c.Name, line, dots)
	}
	if level > 0 {
		p.Add(Stroke(plotter.XYs{{X: -0.3, Y: level}, {X: last + 0.3, Y: level}}, Dark(), 1, 4, 3))
	}
	p.NominalX(places...)
	p.X.Min, p.X.Max = -0.3, last+0.3
	p.Y.Min, p.Y.Max, p.Y.Tick.Marker = 0, max(most, 0.001)*1.35, Ticks{} // room for the legend
	if least > 0 && most/least > logFrom {
		p.Y.Min, p.Y.Max = least/1.5, most*4
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	}
	return p
}
