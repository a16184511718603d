package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot"

	"viamillipede/bench/report"
	"viamillipede/tools/internal/marked"
	"viamillipede/tools/internal/picture"
)

// pair is ours and the relay with the same load in the same round; nil where there is no figure.
type pair struct{ Ours, Relay *sample }

// value is a point of a sweep as measured.
type value struct {
	Name  string
	Pairs []pair // one for each round
}

// grown is a sweep as measured.
type grown struct {
	Name, Axis, Command string
	Values              []value // in the order of the sweep
}

// found is everything.
type found struct {
	Header string // a list in Markdown
	Rounds int
	Sweeps []grown
	Failed []string // a line for each stream that gave no figure
}

func (f found) write(name string) error {
	text, err := json.MarshalIndent(f, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o644)
}

func read(name string) (f found, err error) {
	text, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	return f, err
}

// add adds a round to a point, which comes at its place in the sweep.
func (g *grown) add(name string, p pair) {
	i := slices.IndexFunc(g.Values, func(v value) bool { return v.Name == name })
	if i < 0 {
		g.Values, i = append(g.Values, value{Name: name}), len(g.Values)
	}
	g.Values[i].Pairs = append(g.Values[i].Pairs, p)
}

// typical is the median of all rates, in GB/s; 0 without figures.
func (g grown) typical() float64 {
	var all []float64
	for _, v := range g.Values {
		for _, p := range v.Pairs {
			for _, s := range []*sample{p.Ours, p.Relay} {
				if s != nil {
					all = append(all, s.Rate)
				}
			}
		}
	}
	return report.Median(all)
}

// kind is a figure of a pair; ok is false where it has none.
type kind func(p pair) (v float64, ok bool)

func ours(of func(sample) float64) kind {
	return func(p pair) (float64, bool) {
		if p.Ours == nil {
			return 0, false
		}
		return of(*p.Ours), true
	}
}

func bare(of func(sample) float64) kind {
	return func(p pair) (float64, bool) { return ours(of)(pair{Ours: p.Relay}) }
}

func rate(s sample) float64   { return s.Rate }
func both(s sample) float64   { return s.TX + s.RX }
func whole(s sample) float64  { return s.Machine }
func peakTX(s sample) float64 { return s.PeakTX }
func peakRX(s sample) float64 { return s.PeakRX }

// ofRelay is our rate as a fraction of the relay's.
func ofRelay(p pair) (float64, bool) {
	if p.Ours == nil || p.Relay == nil {
		return 0, false
	}
	return report.Ratio(p.Ours.Rate, p.Relay.Rate), true
}

// spread is a kind of figure over all rounds.
func (v value) spread(of kind) picture.Spread {
	var list []float64
	for _, p := range v.Pairs {
		if x, ok := of(p); ok {
			list = append(list, x)
		}
	}
	return picture.SpreadOf(list)
}

// markdown is the part of the page.
func (f found) markdown() string {
	var t strings.Builder
	t.WriteString(f.Header)
	for _, g := range f.Sweeps {
		fmt.Fprintf(&t, "\n**%s%s**: %s\n\n%s\n", strings.ToUpper(g.Name[:1]), g.Name[1:], g.Command, g.table())
		fmt.Fprintf(&t, "![Rate, CPU time and memory against %s.](%s/%s.svg)\n", g.Axis, pictures, g.Name)
	}
	for _, line := range f.Failed {
		fmt.Fprintf(&t, "\nWithout a figure: %s\n", report.OneLine(line))
	}
	return t.String()
}

// table has a row for each point.
func (g grown) table() string {
	var t strings.Builder
	fmt.Fprintf(&t, "| %s | rate, GB/s | of the relay | lowest | highest | CPU s/GiB, ends | CPU s/GiB, machine | the relay's | MiB, tx | MiB, rx |\n"+
		"|---|---|---|---|---|---|---|---|---|---|\n", g.Axis)
	for _, v := range g.Values {
		ratio := v.spread(ofRelay)
		cells := []string{v.Name, cell("%.3g", v.spread(ours(rate)).Median),
			cell("%.2f", ratio.Median), cell("%.2f", ratio.Lowest), cell("%.2f", ratio.Highest), cell("%.3g", v.spread(ours(both)).Median),
			cell("%.3g", v.spread(ours(whole)).Median), cell("%.3g", v.spread(bare(whole)).Median),
			cell("%.0f", v.spread(ours(peakTX)).Highest), cell("%.0f", v.spread(ours(peakRX)).Highest)}
		t.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	return t.String()
}

// cell is a figure, or nothing where there is none.
func cell(format string, v float64) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf(format, v)
}

// curve is a kind of figure over all points.
func (g grown) curve(name string, of kind) picture.Curve {
	c := picture.Curve{Name: name}
	for _, v := range g.Values {
		c.At = append(c.At, v.spread(of))
	}
	return c
}

// panels are rate, CPU time and memory, one above another.
func (g grown) panels() []*plot.Plot {
	var names []string
	for _, v := range g.Values {
		names = append(names, v.Name)
	}
	rates := picture.Panel("rate, of the relay's", names, 1, g.curve("viamillipede", ofRelay))
	costs := picture.Panel("CPU s/GiB", names, 0, g.curve("both ends", ours(both)), g.curve("whole machine", ours(whole)),
		g.curve("whole machine, relay", bare(whole)))
	peaks := picture.Panel("MiB resident", names, 0, g.curve("tx", ours(peakTX)), g.curve("rx", ours(peakRX)))
	rates.Title.Text = "viamillipede: rate, CPU time and memory against " + g.Axis
	peaks.X.Label.Text = g.Axis
	return []*plot.Plot{rates, costs, peaks}
}

// draw writes a plot for each sweep that has figures.
func (f found) draw(dir, format string) error {
	for _, g := range f.Sweeps {
		if len(g.Values) == 0 {
			continue
		}
		var b bytes.Buffer
		if err := picture.Write(&b, format, g.panels()...); err != nil {
			return fmt.Errorf("draw %s: %w", g.Name, err)
		}
		if err := marked.Store(filepath.Join(dir, g.Name+"."+format), b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
