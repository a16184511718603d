package top

import (
	"fmt"
	"slices"
	"strings"
)

// Order is what a key asks for.
type Order struct {
	Who
	Stop bool
	Set  []string // words of set; nil: none
}

// question is one that has to be answered before an order is carried out.
type question struct {
	Order
	text string
	done string // what to say then
}

// Keys that are more than one character, or none that is shown.
const (
	keyUp   = "\x1b[A"
	keyDown = "\x1b[B"
	keyOld1 = "\x1bOA" // as sent by a terminal in application mode
	keyOld2 = "\x1bOB"
	keyEnd  = "\x03" // ^C
)

// Key does what a key asks for. It returns an order to be carried out, or nil, and whether the user wants to leave.
func (m *Model) Key(k string) (o *Order, leave bool) {
	if m.question != nil {
		return m.answer(k)
	}
	if m.help {
		m.help = false
		return nil, k == "q" || k == keyEnd
	}
	m.note = ""
	switch k {
	case "q", "Q", keyEnd:
		return nil, true
	case "?", "h":
		m.help = true
	case keyUp, keyOld1, "k":
		m.move(-1)
	case keyDown, keyOld2, "j":
		m.move(1)
	case "l":
		m.links = !m.links
	case "s":
		if p := m.find(m.at.who); p != nil {
			m.ask(Order{Who: p.who(), Stop: true}, fmt.Sprintf("stop %d (%s)", p.PID, sides(p)), fmt.Sprintf("%d is told to stop", p.PID))
		}
	default:
		return m.steer(k), false
	}
	return nil, false
}

// ask asks whether an order is meant.
func (m *Model) ask(o Order, text, done string) {
	m.question = &question{o, text + "? y, or another key for no", done}
}

// answer takes the answer to a question.
func (m *Model) answer(k string) (o *Order, leave bool) {
	q := m.question
	m.question = nil
	switch k {
	case "y", "Y":
		m.note = q.done
		return &q.Order, false
	case keyEnd:
		return nil, true
	}
	m.note = ""
	return nil, false
}

// move chooses another line.
func (m *Model) move(by int) {
	all := m.targets()
	if len(all) == 0 {
		return
	}
	i := slices.Index(all, m.at) + by
	m.at = all[min(max(i, 0), len(all)-1)]
}

// sides are the ends that a program has, for people: "tx host1".
func sides(p *program) string {
	var all []string
	for _, s := range p.GivenSettings() {
		if s.Word == "tx" || s.Word == "rx" || s.Word == "bench" || s.Word == "serve" {
			all = append(all, strings.Join(append([]string{s.Word}, s.Args...), " "))
		}
	}
	return plain(strings.Join(all, " "))
}
