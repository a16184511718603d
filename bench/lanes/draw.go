package lanes

import (
	"cmp"
	"fmt"
	"image/color"
	"io"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The picture's size: as wide as a page, and higher with more flows.
const (
	width     = 10 * vg.Inch
	rowHeight = 13 // points
	leastRows = 16
	flowSide  = 0.0 // where the three columns stand
	laneSide  = 1.0
	laneEnd   = 1.52 // of its words
	queueSide = 2.0
)

// colours are of lanes. They can be told apart by people who see no red or no green.
var colours = []color.RGBA{
	{0x00, 0x72, 0xb2, 0xff}, {0xe6, 0x9f, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff}, {0xcc, 0x79, 0xa7, 0xff},
	{0x56, 0xb4, 0xe9, 0xff}, {0xd5, 0x5e, 0x00, 0xff}, {0x99, 0x8e, 0x20, 0xff}, {0x33, 0x33, 0x33, 0xff},
}

// Draw draws the map of flows, lanes and queues in a format that gonum knows, "svg" or "png".
func (r *Report) Draw(w io.Writer, format string) error {
	queues := r.queueNames()
	rows := max(len(r.Flows), len(r.Lanes), len(queues), leastRows)
	c, err := draw.NewFormattedCanvas(width, vg.Length(rows*rowHeight)+80, format)
	if err != nil {
		return err
	}
	p := plot.New()
	p.Title.Text = fmt.Sprintf("viamillipede lanes: %s to %s, efficiency %.1f %%, Jain %.3f", count(len(r.Flows), "flow"), r.To, 100*r.Efficiency, r.Jain)
	p.HideAxes()
	p.X.Min, p.X.Max = -0.35, 2.5
	p.Y.Min, p.Y.Max = -0.04, 1.06
	p.Add(heads())
	place := func(i, n int) float64 { return 1 - (float64(i)+0.5)/float64(max(n, 1)) } // the first one on top
	order := r.byLane()
	for row, i := range order {
		f := r.Flows[i]
		y := place(row, len(order))
		p.Add(label(flowSide-0.03, y, text.XRight, fmt.Sprint(f.Port), laneColour(f.Lane)))
		if f.Lane < 0 {
			continue
		}
		lane := place(f.Lane, len(r.Lanes))
		p.Add(curve(flowSide, y, laneSide-0.02, lane, laneColour(f.Lane)))
		if q := slices.Index(queues, f.queueName()); q >= 0 {
			p.Add(curve(laneEnd, lane, queueSide, place(q, len(queues)), laneColour(f.Lane)))
		}
	}
	for i, l := range r.Lanes {
		what := fmt.Sprintf("%s: %s, %s/s", l.Device, count(l.Flows, "flow"), amount(l.Rate))
		p.Add(label(laneSide, place(i, len(r.Lanes)), text.XLeft, what, laneColour(i)))
	}
	for i, name := range queues {
		p.Add(label(queueSide+0.03, place(i, len(queues)), text.XLeft, name, color.Gray{0x33}))
	}
	p.Draw(draw.Crop(draw.New(c), 6, -6, 6, -6))
	_, err = c.WriteTo(w)
	return err
}

// byLane orders flows by lane, and those of one lane by port.
func (r *Report) byLane() []int {
	order := make([]int, len(r.Flows))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		x, y := r.Flows[a], r.Flows[b]
		return cmp.Or(cmp.Compare(x.Lane, y.Lane), cmp.Compare(x.Port, y.Port))
	})
	return order
}

// queueName is where a flow came in, for the picture.
func (f Flow) queueName() string {
	a := f.Arrival
	switch {
	case a == nil:
		return "not told"
	case a.Device != "" && a.Queue >= 0:
		return fmt.Sprintf("%s queue %2d", a.Device, a.Queue)
	case a.Device != "":
		return a.Device
	case a.NAPI != 0:
		return fmt.Sprintf("NAPI id %d", a.NAPI)
	}
	return fmt.Sprintf("CPU %2d", a.CPU)
}

func (r *Report) queueNames() []string {
	var names []string
	for _, f := range r.Flows {
		if name := f.queueName(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func laneColour(i int) color.Color {
	if i < 0 {
		return color.Gray{0x99}
	}
	return colours[i%len(colours)]
}

// heads are the words above the columns.
func heads() plot.Plotter {
	return labels{
		{flowSide - 0.03, 1.04, text.XRight, "source port", color.Gray{0x33}},
		{laneSide, 1.04, text.XLeft, "lane", color.Gray{0x33}},
		{queueSide + 0.03, 1.04, text.XLeft, "came in at", color.Gray{0x33}},
	}
}

// word is a text at a place.
type word struct {
	x, y  float64
	align text.XAlignment
	text  string
	tint  color.Color
}

type labels []word

func label(x, y float64, align text.XAlignment, what string, tint color.Color) plot.Plotter {
	return labels{{x, y, align, what, tint}}
}

// Plot is plot.Plotter.
func (l labels) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, w := range l {
		style := text.Style{Color: w.tint, Font: plot.DefaultFont, XAlign: w.align, YAlign: text.YCenter, Handler: plot.DefaultTextHandler}
		style.Font.Size = vg.Points(9)
		c.FillText(style, vg.Point{X: x(w.x), Y: y(w.y)}, w.text)
	}
}

// curve goes from one column to the next, level at both.
func curve(x0, y0, x1, y1 float64, tint color.Color) plot.Plotter {
	const steps = 24
	at := make(plotter.XYs, steps+1)
	for i := range at {
		s := float64(i) / steps
		at[i] = plotter.XY{X: x0 + (x1-x0)*s, Y: y0 + (y1-y0)*s*s*(3-2*s)}
	}
	return &plotter.Line{XYs: at, LineStyle: draw.LineStyle{Color: tint, Width: vg.Points(1)}}
}
