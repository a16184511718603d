package top

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"viamillipede/cmd/viamillipede/internal/control"
)

// historyMost is how many figures are kept of each path and stream: on a wide screen, all of them are shown.
const historyMost = 240

// leastStep is how much older a program has to be, in seconds, for its figures to be new ones.
const leastStep = 0.5

// Model is what is known. It belongs to one goroutine.
type Model struct {
	Host    string
	Now     time.Time
	Letters bool // only ASCII is drawn

	programs []*program // by PID
	at       target     // what keys are about
	links    bool       // each link is shown
	help     bool
	question *question // that waits for an answer; nil: none
	note     string    // what came of the last order
}

// NewModel makes one that knows of no program.
func NewModel(host string) *Model {
	return &Model{Host: host}
}

// Answer is what a program has said last.
type Answer struct {
	*control.Status
	Place string        // where it answers
	Late  time.Duration // for so long it says no more; 0: it does
}

// program is one that runs, or did until now.
type program struct {
	Answer
	cpu   float64              // of one CPU, since the answer before; negative: not known
	rates map[target][]float64 // bytes a second, of streams and paths, oldest first
}

// Who is a program: in containers, several have the same PID.
type Who struct {
	PID   int
	Place string
}

func (p *program) who() Who { return Who{p.PID, p.Place} }

// target is what a key can be about: a program, an end of a stream in it, or a path of that.
type target struct {
	who    Who
	side   string // "": the program
	number int
	path   string // "": the end, or the program
}

// Hear takes the answers of all programs that there are now, asked at that time.
func (m *Model) Hear(answers []Answer, now time.Time) {
	m.Now = now
	var all []*program
	for _, a := range answers {
		p := &program{Answer: a, cpu: -1, rates: map[target][]float64{}}
		if i := slices.IndexFunc(m.programs, func(q *program) bool { return q.who() == p.who() }); i >= 0 {
			before := m.programs[i]
			p.follow(before)
			if p.Age-before.Age < leastStep {
				all = append(all, p) // it was asked in vain, or for something else
				continue
			}
		}
		p.remember()
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *program) int { return cmp.Or(cmp.Compare(a.PID, b.PID), cmp.Compare(a.Place, b.Place)) })
	m.programs = all
	m.settle()
}

// follow takes over what is known from the answer before.
func (p *program) follow(before *program) {
	p.rates = before.rates
	p.cpu = before.cpu
	if took := p.Age - before.Age; took >= leastStep {
		p.cpu = max(0, p.CPU-before.CPU) / took
	}
}

// remember adds the figures of an answer to those before.
func (p *program) remember() {
	there := map[target]bool{}
	for i := range p.Ends {
		e := &p.Ends[i]
		at := target{who: p.who(), side: e.Side, number: e.Number}
		there[at] = true
		p.add(at, e.Rate)
		for _, way := range p.ways(e) {
			at.path = way.name
			p.add(at, way.rate)
		}
	}
	maps.DeleteFunc(p.rates, func(at target, _ []float64) bool {
		at.path = ""
		return !there[at]
	})
}

func (p *program) add(at target, rate float64) {
	all := append(p.rates[at], rate)
	p.rates[at] = all[max(0, len(all)-historyMost):]
}

// way is a path or, at an end that listens, a host whose links came in.
type way struct {
	name  string
	order int // -1: it listens
	state string
	links int
	lost  uint64
	rate  float64
	limit uint64 // bytes a second; 0: none
	rtt   float64
}

// ways are those of an end.
func (p *program) ways(e *control.End) (all []way) {
	for _, p := range e.Paths {
		all = append(all, way{p.Path, p.Order, p.State, p.Links, p.Lost, p.Rate, p.Limit, p.RTT})
	}
	if len(all) > 0 {
		return all
	}
	for _, name := range p.hosts(e) {
		w := way{name: name, order: -1, state: "down"}
		for _, l := range e.Each {
			if isUp(l) && hostOf(l.Path) == name {
				w.state, w.links, w.rate, w.rtt = "up", w.links+1, w.rate+l.Rate, max(w.rtt, l.RTT)
			}
		}
		all = append(all, w)
	}
	return all
}

// hosts are those from which links of an end have come that listens.
func (p *program) hosts(e *control.End) []string {
	names := map[string]bool{}
	for at := range p.rates {
		if at.side == e.Side && at.number == e.Number && at.path != "" {
			names[at.path] = true
		}
	}
	for _, l := range e.Each {
		if isUp(l) {
			names[hostOf(l.Path)] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func isUp(l control.Link) bool { return l.State == "up" || l.State == "stalled" }

// targets are all that keys can be about, in the order of the screen.
func (m *Model) targets() (all []target) {
	for _, p := range m.programs {
		all = append(all, target{who: p.who()})
		for i := range p.Ends {
			e := &p.Ends[i]
			at := target{who: p.who(), side: e.Side, number: e.Number}
			ways := p.ways(e)
			if isOneOfMany(e, ways) {
				all = append(all, at)
			}
			for _, w := range ways {
				if w.order >= 0 {
					at.path = w.name
					all = append(all, at)
				}
			}
		}
	}
	return all
}

// isOneOfMany reports whether keys can be about the end itself: it is one of many, and has no path that they can be about.
func isOneOfMany(e *control.End, ways []way) bool {
	return e.Number > 0 && !slices.ContainsFunc(ways, func(w way) bool { return w.order >= 0 })
}

// settle keeps what keys are about among what there is.
func (m *Model) settle() {
	all := m.targets()
	if len(all) > 0 && !slices.Contains(all, m.at) {
		i := max(0, slices.IndexFunc(all, func(t target) bool { return t.who == m.at.who }))
		m.at = all[i]
	}
	if q := m.question; q != nil && m.find(q.Who) == nil {
		m.question = nil
		m.note = fmt.Sprintf("%d has ended", q.PID)
	}
}

// find is a program; nil: it is not there.
func (m *Model) find(w Who) *program {
	for _, p := range m.programs {
		if p.who() == w {
			return p
		}
	}
	return nil
}

// Note shows what came of an order, or what else there is to say, in a line.
func (m *Model) Note(text string) { m.note = text }
