package top

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"viamillipede/cmd/viamillipede/internal/control"
	"viamillipede/cmd/viamillipede/internal/events"
)

// stepUp and stepDown are by how much a key changes a rate.
const (
	stepUp   = 5.0 / 4
	stepDown = 4.0 / 5
	rateMost = 1 << 40
	rateLess = 64 << 10 // bytes a second, that a limit has at least

	verboseMost = 20
)

// giveups and spills are those between which keys choose, in seconds and in milliseconds. After the last one comes none: for ever, and never.
// What is less, or between them, is for set.
var (
	giveups = []float64{60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600, 7 * 24 * 3600}
	spills  = []float64{0, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 60_000}
)

// steer is the order of a key that changes something; nil: there is none.
func (m *Model) steer(k string) *Order {
	switch k {
	case "p", " ":
		return m.toggle()
	case "+", "=":
		return m.pace(stepUp)
	case "-":
		return m.pace(stepDown)
	case "0":
		return m.unlimited()
	case "t":
		return m.threads(1)
	case "T":
		return m.threads(-1)
	case "<":
		return m.spill(false)
	case ">":
		return m.spill(true)
	case "g":
		return m.giveup(true)
	case "G":
		return m.giveup(false)
	case "v":
		return m.verbose(1)
	case "V":
		return m.verbose(-1)
	}
	return nil
}

// order asks the program at hand to set something; of an end or a path, which is at hand, too.
func (m *Model) order(words ...string) *Order {
	if m.at.side != "" {
		if words = append([]string{m.at.side}, words...); m.at.number > 0 {
			words = append([]string{"stream", strconv.Itoa(m.at.number)}, words...)
		}
	}
	return &Order{Who: m.at.who, Set: words}
}

// verbose has the program at hand say more, or less.
func (m *Model) verbose(by int) *Order {
	p := m.find(m.at.who)
	if p == nil {
		return nil
	}
	level, _ := strconv.Atoi(p.setting("verbose")) // 0 where it was not given
	return &Order{Who: p.who(), Set: []string{"verbose", strconv.Itoa(min(max(level+by, 0), verboseMost))}}
}

// toggle takes the path at hand out of use, or back into it.
func (m *Model) toggle() *Order {
	w, ok := m.wayAt()
	if !ok {
		m.note = choosePath
		return nil
	}
	to := "off"
	if w.state == "off" {
		to = "on"
	}
	return m.order("path", strconv.Itoa(w.order+1), to)
}

const choosePath = "choose a path first (up and down)"

// wayAt is the path at hand; false: it is not one.
func (m *Model) wayAt() (way, bool) {
	p := m.find(m.at.who)
	if p == nil || m.at.path == "" {
		return way{}, false
	}
	for i := range p.Ends {
		if e := &p.Ends[i]; e.Side == m.at.side && e.Number == m.at.number {
			for _, w := range p.ways(e) {
				if w.name == m.at.path {
					return w, true
				}
			}
		}
	}
	return way{}, false
}

// pace makes what is at hand faster or slower: the path, or all that a program sends.
func (m *Model) pace(by float64) *Order {
	p := m.find(m.at.who)
	if p == nil {
		return nil
	}
	is := m.limitOf()
	if is == 0 {
		if by > 1 {
			m.note = "nothing limits it but what it waits for; - sets a limit"
			return nil
		}
		is = m.rateOf(p)
	}
	to := min(max(uint64(float64(is)*by), rateLess), rateMost)
	if to >= 10<<20 {
		return m.limit(p, fmt.Sprintf("%dM", to>>20))
	}
	return m.limit(p, fmt.Sprintf("%dk", to>>10))
}

// unlimited lets what is at hand send as fast as it can.
func (m *Model) unlimited() *Order {
	if p := m.find(m.at.who); p != nil {
		return m.limit(p, "off")
	}
	return nil
}

// limit is the order for a limit of what is at hand.
func (m *Model) limit(p *program, to string) *Order {
	if w, ofPath := m.wayAt(); ofPath {
		return m.order("rate", strconv.Itoa(w.order+1), to)
	}
	if !slices.ContainsFunc(p.Settings, isSender) || m.at.side == "rx" {
		m.note = "limit is for tx, which reads the source"
		return nil
	}
	return m.order("limit", to)
}

// tuned are the ends that keys are about, of the program at hand, and of which something can be changed.
func (m *Model) tuned() (all []*control.End) {
	p := m.find(m.at.who)
	if p == nil {
		return nil
	}
	for i := range p.Ends {
		e := &p.Ends[i]
		if mine := m.at.side == "" || e.Side == m.at.side && e.Number == m.at.number; mine && e.Tunable != nil {
			all = append(all, e)
		}
	}
	return all
}

// dials is the first of them that has links to be changed; nil: there is none, which a note says.
func (m *Model) dials() *control.End {
	for _, e := range m.tuned() {
		if e.Tunable.ThreadsMost > 0 {
			return e
		}
	}
	m.note = "links and paths are those of the end that dials"
	return nil
}

// threads has more links, or fewer.
func (m *Model) threads(by int) *Order {
	e, least := m.dials(), 0
	if e == nil {
		return nil
	}
	is := e.Tunable.Threads
	if is == 0 {
		is = e.Links // as many as raise the rate; from now on, so many
	}
	for _, w := range e.Paths {
		if w.State != "off" {
			least++
		}
	}
	switch to := is + by; {
	case to > e.Tunable.ThreadsMost:
		m.note = fmt.Sprintf("at most %d: the stream began with so many", e.Tunable.ThreadsMost)
	case to < max(least, 1):
		m.note = "no fewer: each path keeps a link"
	default:
		return m.order("threads", strconv.Itoa(to))
	}
	return nil
}

// spill has the path at hand help later, or sooner.
func (m *Model) spill(later bool) *Order {
	w, ok := m.wayAt()
	if !ok {
		m.note = choosePath
		return nil
	}
	e := m.dials()
	if e == nil || w.order >= len(e.Tunable.Spill) {
		return nil
	}
	to, ok := next(spills, e.Tunable.Spill[w.order], never, later)
	switch {
	case !ok && later:
		m.note = "it helps only while the paths before it are down"
	case !ok:
		m.note = "it helps as soon as the paths before it are busy"
	case to == never:
		return m.order("spill", strconv.Itoa(w.order+1), "never")
	default:
		return m.order("spill", strconv.Itoa(w.order+1), number(to))
	}
	return nil
}

// giveup has a stream wait longer, or less long, while nothing gets through. It asks where that ends the stream at once.
func (m *Model) giveup(longer bool) *Order {
	all := m.tuned()
	if len(all) == 0 {
		m.note = "there is no stream that can be changed"
		return nil
	}
	to, ok := next(giveups, all[0].Tunable.Giveup, forever, longer)
	if !ok && longer {
		m.note = "it waits for ever"
		return nil
	} else if !ok {
		m.note = "a giveup of less than a minute is for set"
		return nil
	}
	o := m.order("giveup", number(to))
	over := func(e *control.End) bool { return e.Outage != nil && e.Still >= to }
	if to != forever && slices.ContainsFunc(all, over) {
		m.ask(*o, fmt.Sprintf("giveup %s, which ends the stream now", number(to)), "")
		return nil
	}
	return o
}

// Figures that stand for none.
const (
	never   = -1 // of spill
	forever = 0  // of giveup
)

// next is the figure of a list, in ascending order, that is next to one; after the last of them comes none, which stands for more than any.
func next(list []float64, is, none float64, up bool) (to float64, ok bool) {
	more := slices.IndexFunc(list, func(v float64) bool { return v > is })
	switch {
	case is == none && up:
		return 0, false
	case is == none:
		return list[len(list)-1], true
	case up && more < 0:
		return none, true
	case up:
		return list[more], true
	}
	less := slices.IndexFunc(list, func(v float64) bool { return v >= is }) - 1
	if less == -2 { // it is more than any of them
		less = len(list) - 1
	}
	if less < 0 {
		return 0, false
	}
	return list[less], true
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// limitOf is the limit of what keys are about, in bytes a second; 0: there is none.
func (m *Model) limitOf() uint64 {
	if w, ofPath := m.wayAt(); ofPath {
		return w.limit
	}
	for _, e := range m.tuned() {
		if e.Side == "tx" {
			return e.Tunable.Limit
		}
	}
	return 0
}

// setting is the argument of a word, as it is now: what was set while the program runs stands after what it began with; "": it was not
// given.
func (p *program) setting(word string) (now string) {
	for _, s := range p.Settings {
		if s.Given && s.Word == word {
			now = strings.Join(s.Args, " ")
		}
	}
	return now
}

func isSender(s events.Setting) bool { return s.Word == "tx" }
