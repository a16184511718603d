package lanes

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"

	"viamillipede/bench/internal/svg"
)

// The picture's dimensions, in points. It is as wide as a page, or wider if its text needs that, and higher with more
// flows.
const (
	widthLeast = 720
	curveLeast = 160 // the width of the curves between two columns
	edge       = 12  // free all around
	space      = 5   // between words and the curves beside them
	rowHeight  = 13
	rowsLeast  = 16

	titleY = 18 // the middle of the title
	headsY = 40 // of the words above the columns
	rowsY  = 54 // where the rows begin

	titleSize = 12
	wordSize  = 9
)

// The words above the columns.
const (
	portHead  = "source port"
	laneHead  = "lane"
	queueHead = "came in at"
)

// colours are the colours of lanes. Colour-blind people can tell them apart.
var colours = []string{"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#998e20", "#333333"}

const (
	dark = "#333333"
	grey = "#999999" // a flow whose lane is not known
)

func laneColour(i int) string {
	if i < 0 {
		return grey
	}
	return colours[i%len(colours)]
}

// chart is a report's picture while it is being drawn: flows on the left, lanes in the middle, queues on the right.
type chart struct {
	*svg.Drawing
	r             *Report
	flows         []int // indices in Report.Flows, from top to bottom
	lanes, queues []string
	height        float64 // of all rows

	portEnd, laneStart, laneEnd, queueStart float64 // of words
}

// WriteSVG writes the map of flows, lanes and queues as a picture.
func (r *Report) WriteSVG(w io.Writer) error {
	c := newChart(r)
	c.drawFlows()
	c.drawArrivals()
	c.word(c.portEnd, headsY, svg.End, dark, portHead)
	c.word(c.laneStart, headsY, svg.Start, dark, laneHead)
	c.word(c.queueStart, headsY, svg.Start, dark, queueHead)
	for i, words := range c.lanes {
		c.word(c.laneStart, c.y(i, len(c.lanes)), svg.Start, laneColour(i), words)
	}
	for i, words := range c.queues {
		c.word(c.queueStart, c.y(i, len(c.queues)), svg.Start, dark, words)
	}
	_, err := c.WriteTo(w)
	return err
}

// newChart chooses the size of the picture, writes its title and places the columns.
func newChart(r *Report) *chart {
	c := &chart{r: r, flows: r.byLane(), queues: r.queueNames()}
	for _, l := range r.Lanes {
		c.lanes = append(c.lanes, fmt.Sprintf("%s: %s, %s/s", l.Device, count(l.Flows, "flow"), amount(l.Rate)))
	}
	c.height = float64(max(len(c.flows), len(c.lanes), len(c.queues), rowsLeast)) * rowHeight
	title := fmt.Sprintf("viamillipede lanes: %s to %s, efficiency %.1f %%, Jain %.3f", count(len(r.Flows), "flow"), r.To, 100*r.Efficiency, r.Jain)

	ports, lanes, queues := widest(portHead), widest(laneHead, c.lanes...), widest(queueHead, c.queues...)
	words := ports + lanes + queues + 2*edge + 4*space
	width := max(widthLeast, words+2*curveLeast, titleSize*svg.Width(title)+2*edge)
	curves := (width - words) / 2
	c.portEnd = edge + ports
	c.laneStart = c.portEnd + space + curves + space
	c.laneEnd = c.laneStart + lanes
	c.queueStart = c.laneEnd + space + curves + space

	c.Drawing = svg.New(width, rowsY+c.height+edge, title)
	c.Text(svg.Text{X: width / 2, Y: titleY, Anchor: svg.Middle, Size: titleSize, Fill: "#000000", Words: title})
	return c
}

// widest is the width of a column with this heading.
func widest(head string, words ...string) float64 {
	most := svg.Width(head)
	for _, w := range words {
		most = max(most, svg.Width(w))
	}
	return wordSize * most
}

// y is the middle of item i of n in a column.
func (c *chart) y(i, n int) float64 { return rowsY + (float64(i)+0.5)/float64(n)*c.height }

func (c *chart) word(x, y float64, anchor svg.Anchor, fill, words string) {
	c.Text(svg.Text{X: x, Y: y, Anchor: anchor, Size: wordSize, Fill: fill, Words: words})
}

// drawFlows draws each flow's port and the curve to its lane, whose tip says everything about the flow.
func (c *chart) drawFlows() {
	for row, i := range c.flows {
		f := c.r.Flows[i]
		y := c.y(row, len(c.flows))
		c.word(c.portEnd, y, svg.End, laneColour(f.Lane), fmt.Sprint(f.Port))
		if f.Lane < 0 {
			continue
		}
		c.Curve(svg.Curve{
			X0: c.portEnd + space, Y0: y, X1: c.laneStart - space, Y1: c.y(f.Lane, len(c.lanes)),
			Stroke: laneColour(f.Lane), Width: 1, Tip: c.r.mapLine(f),
		})
	}
}

// drawArrivals draws a curve from a lane to each queue where its flows came in, broader for more flows.
func (c *chart) drawArrivals() {
	for lane, l := range c.r.Lanes {
		came := make([]int, len(c.queues))
		for _, f := range c.r.Flows {
			if f.Lane == lane {
				came[slices.Index(c.queues, f.Arrival.queue())]++
			}
		}
		for queue, n := range came {
			if n == 0 {
				continue
			}
			c.Curve(svg.Curve{
				X0: c.laneEnd + space, Y0: c.y(lane, len(c.lanes)), X1: c.queueStart - space, Y1: c.y(queue, len(c.queues)),
				Stroke: laneColour(lane), Width: math.Sqrt(float64(n)),
				Tip: fmt.Sprintf("%s -> %s: %s", l.Device, c.queues[queue], count(n, "flow")),
			})
		}
	}
}

// byLane orders flows by lane, and within a lane by port.
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

// queue is where a flow came in, for the picture; a nil Arrival was not reported.
func (a *Arrival) queue() string {
	switch {
	case a == nil:
		return "not told"
	case a.Device != "" && a.Queue >= 0:
		return fmt.Sprintf("%s queue %d", a.Device, a.Queue)
	case a.Device != "":
		return a.Device
	case a.NAPI != 0:
		return fmt.Sprintf("NAPI id %d", a.NAPI)
	}
	return fmt.Sprintf("CPU %d", a.CPU)
}

// queueNames are the queues of all flows, each once, in the order of devices and queues; unknown ones come last.
func (r *Report) queueNames() []string {
	var told []*Arrival
	for _, f := range r.Flows {
		if f.Arrival != nil {
			told = append(told, f.Arrival)
		}
	}
	all := len(told) == len(r.Flows)
	slices.SortFunc(told, func(a, b *Arrival) int {
		return cmp.Or(cmp.Compare(a.Device, b.Device), cmp.Compare(a.Queue, b.Queue), cmp.Compare(a.NAPI, b.NAPI), cmp.Compare(a.CPU, b.CPU))
	})
	if !all {
		told = append(told, nil)
	}
	var names []string
	for _, a := range told {
		if name := a.queue(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
