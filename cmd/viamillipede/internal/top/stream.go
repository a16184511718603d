package top

import (
	"fmt"
	"net"
	"strings"

	"viamillipede/cmd/viamillipede/internal/control"
	"viamillipede/cmd/viamillipede/internal/meter"
	"viamillipede/cmd/viamillipede/internal/progress"
	"viamillipede/cmd/viamillipede/internal/words"
)

// Columns of the lines about paths and links.
const (
	indent      = 2
	gaugeLeast  = 8
	gaugeMost   = 24
	sparkLeast  = 6
	nameMost    = 40
	rateColumns = 10 // "1.21 GiB/s"
	linkColumns = 9  // "999 links"
)

// endLines are those about one end of a stream.
func (m *Model) endLines(p *program, e *control.End, columns int) []line {
	at := target{who: p.who(), side: e.Side, number: e.Number}
	all := []line{m.standing(p, e, columns)}
	ways := p.ways(e)
	if isOneOfMany(e, ways) {
		end := at
		all[0].at = &end
	}
	if e.Outage != nil {
		for _, text := range strings.Split(words.Fold(plain(e.Outage.Text), max(columns-indent, 1)), "\n") {
			all = append(all, line{left: []piece{{blank(indent) + text, Red}}})
		}
	}
	if l, ok := m.memory(p, e, at, columns); ok {
		all = append(all, l)
	}
	most, longest := 0.0, 0
	for _, w := range ways {
		at.path = w.name
		most = max(most, highest(p.rates[at], columns/3))
		longest = max(longest, len(w.name))
	}
	for _, w := range ways {
		at.path = w.name
		all = append(all, m.wayLine(w, at, p.rates[at], most, longest, columns))
		if m.links {
			all = append(all, linkLines(e, w)...)
		}
	}
	return all
}

// places are what a stream waits for, by its name.
var places = map[string]meter.Place{meter.Source.String(): meter.Source, meter.Links.String(): meter.Links, meter.Sink.String(): meter.Sink}

// standing is the line that a terminal would show of the stream itself.
func (m *Model) standing(p *program, e *control.End, columns int) line {
	v := meter.View{
		Met: e.State != "waiting", Ended: e.State == "ended", Bytes: e.Bytes, Of: e.Of, Now: e.Rate, Average: e.Average, Left: seconds(e.Left),
		Paths: len(e.Paths), Links: e.Links, Lost: e.Lost, Waits: places[e.Waits], Still: seconds(e.Still),
	}
	if e.Left == 0 {
		v.Left = -1
	}
	for _, w := range e.Paths {
		if w.Links > 0 {
			v.PathsUp++
		}
	}
	if c := e.Comparing; c != nil {
		v.Comparing, v.Bytes, v.Of = true, c.Bytes, c.Of
	}
	name := e.Side
	if e.Number > 0 {
		name = fmt.Sprintf("%s %d", name, e.Number)
	}
	style := map[string]Style{"running": Green, "waiting": Yellow, "comparing": Cyan, "outage": Red, "ended": Dim}[e.State]
	head := piece{blank(indent) + name + " ", style | Bold}
	rest := progress.Line("", v, seconds(p.Age), columns-wide([]piece{head})-1)
	return line{left: []piece{head, {" " + rest, Plain}}}
}

// memory is the line about the window, or the ring, with what the stream carried lately; false: it has neither yet.
func (m *Model) memory(p *program, e *control.End, at target, columns int) (line, bool) {
	var name, text string
	var share float64
	switch w, r := e.Window, e.Ring; {
	case w != nil:
		name, text = "window", fmt.Sprintf("%s of %s", words.Bytes(uint64(max(0, w.Kept))), words.Bytes(uint64(max(0, w.Limit))))
		share = part(float64(w.Kept), float64(w.Limit))
		if w.Resend > 0 {
			text += fmt.Sprintf(", %d to resend", w.Resend)
		}
	case r != nil:
		all := r.Depth + r.Credit
		name, text = "ring", fmt.Sprintf("%d of %d legs", r.Depth, all)
		share = part(float64(r.Depth), float64(all))
		if r.SinkFull {
			text += ", the sink is full"
		}
	default:
		return line{}, false
	}
	if e.Outages > 0 {
		text += ", " + words.Number(e.Outages, "outage")
	}
	left := []piece{{blank(indent), Plain}, {fmt.Sprintf("%-7s", name), Dim}}
	gauge := min(max(columns/5, gaugeLeast), gaugeMost)
	left = append(left, m.gauge(share, gauge), piece{" " + text, Plain})
	rates := p.rates[at]
	room := columns - wide(left) - indent
	if room < sparkLeast {
		return line{left: left}, true
	}
	room = min(room, columns/3)
	return line{left: left, right: []piece{{m.spark(rates, highest(rates, room), room), Cyan}}}, true
}

// highest is the highest of the last so many figures.
func highest(rates []float64, last int) (most float64) {
	for _, r := range rates[max(0, len(rates)-last):] {
		most = max(most, r)
	}
	return most
}

// part is a fraction from 0 to 1.
func part(of, all float64) float64 {
	if all <= 0 {
		return 0
	}
	return min(max(of/all, 0), 1)
}

// gauge is a bar of so many columns, of which a part is full.
func (m *Model) gauge(share float64, columns int) piece {
	full := int(share*float64(columns) + 0.5)
	style := Blue
	if share >= nearlyFull {
		style = Yellow
	}
	if m.Letters {
		return piece{"[" + strings.Repeat("#", full) + strings.Repeat(".", columns-full) + "]", style}
	}
	return piece{strings.Repeat("█", full) + strings.Repeat("░", columns-full), style}
}

// nearlyFull is from where on a gauge is of another colour.
const nearlyFull = 7.0 / 8

// Levels of a sparkline; the first is for nothing at all.
var (
	sparks  = []rune("·▁▂▃▄▅▆▇█")
	letters = []rune("_.:-=+*%#")
)

// spark draws the last figures, as shares of most, in so many columns; the latest is at the right.
func (m *Model) spark(rates []float64, most float64, columns int) string {
	levels := sparks
	if m.Letters {
		levels = letters
	}
	rates = rates[max(0, len(rates)-columns):]
	text := []rune(blank(columns - len(rates)))
	for _, r := range rates {
		i := 0
		if r > 0 && most > 0 {
			i = min(1+int(r/most*float64(len(levels)-1)), len(levels)-1)
		}
		text = append(text, levels[i])
	}
	return string(text)
}

// wayLine is the one about a path. longest is the longest name among those of the stream, and most the highest rate.
func (m *Model) wayLine(w way, at target, rates []float64, most float64, longest, columns int) line {
	number := "  "
	if w.order >= 0 {
		number = fmt.Sprintf("%-2d", w.order+1)
	}
	style := map[string]Style{"up": Green, "down": Red, "off": Dim}[w.state]
	name := min(longest, nameMost, max(columns/3, 8))
	left := []piece{{blank(indent) + number, Dim}, {fmt.Sprintf("%-*s ", name, m.cut(plain(w.name), name)), Plain}, {fmt.Sprintf("%-4s", w.state), style}}
	text := fmt.Sprintf(" %*s", rateColumns, words.Bytes(uint64(w.rate))+"/s")
	if columns >= roomy {
		text += fmt.Sprintf(" %*s %8s", linkColumns, words.Number(w.links, "link"), trip(w.rtt))
	}
	var more []string
	if w.limit > 0 {
		more = append(more, " max "+words.Bytes(w.limit)+"/s")
	}
	if w.lost > 0 {
		more = append(more, fmt.Sprintf(" %d lost", w.lost))
	}
	for _, m := range more {
		if wide(left)+len(text)+len(m)+1+sparkLeast <= columns {
			text += m
		}
	}
	left = append(left, piece{text, Plain})
	l := line{left: left}
	if w.order >= 0 {
		l.at = &at
	}
	if room := columns - wide(left) - 1; room >= sparkLeast {
		l.right = []piece{{m.spark(rates, most, min(room, columns/3)), style}}
	}
	return l
}

// linkLines are those about the links of a path.
func linkLines(e *control.End, w way) (all []line) {
	for _, l := range e.Each {
		mine := w.order >= 0 && l.Order != nil && *l.Order == w.order || w.order < 0 && hostOf(l.Path) == w.name
		if !mine {
			continue
		}
		style := map[string]Style{"up": Plain, "stalled": Yellow, "down": Red}[l.State]
		text := fmt.Sprintf("%slink %-3d %-8s %10s %8s  cwnd %d", blank(2*indent), l.Link, l.State, words.Bytes(uint64(l.Rate))+"/s", trip(l.RTT), l.Cwnd)
		if l.Legs > 0 {
			text += "  " + words.Number(l.Legs, "leg")
		}
		if l.Again > 0 {
			text += fmt.Sprintf("  %d retransmitted", l.Again)
		}
		if l.CPU >= 0 {
			text += fmt.Sprintf("  CPU %d", l.CPU)
		}
		all = append(all, line{left: []piece{{text, style}}})
	}
	return all
}

// trip is a round trip, in seconds, for people.
func trip(s float64) string {
	switch {
	case s <= 0:
		return "-"
	case s < 1e-3:
		return fmt.Sprintf("%.0f us", s*1e6)
	case s < 1:
		return fmt.Sprintf("%.1f ms", s*1e3)
	}
	return fmt.Sprintf("%.1f s", s)
}

// rateOf is how fast it is that keys are about.
func (m *Model) rateOf(p *program) uint64 {
	at := m.at
	if at.path == "" { // of all that the program sends
		for _, e := range p.Ends {
			if e.Side == "tx" && (at.side == "" || e.Number == at.number) {
				return uint64(e.Rate)
			}
		}
		return 0
	}
	if w, ok := m.wayAt(); ok {
		return uint64(w.rate)
	}
	return 0
}

func blank(columns int) string { return strings.Repeat(" ", max(columns, 0)) }

// hostOf is an address without its port.
func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}
