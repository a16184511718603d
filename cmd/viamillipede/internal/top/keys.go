package top

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"viamillipede/cmd/viamillipede/internal/events"
)

// Order is what a key asks for.
type Order struct {
	Who
	Stop bool
	Set  []string // words of set; nil: none
}

// question is one that has to be answered before something is done.
type question struct {
	who  Who
	text string
}

// Keys that are more than one character, or none that is shown.
const (
	keyUp   = "\x1b[A"
	keyDown = "\x1b[B"
	keyOld1 = "\x1bOA" // as sent by a terminal in application mode
	keyOld2 = "\x1bOB"
	keyEnd  = "\x03" // ^C
)

// stepUp and stepDown are by how much a key changes a rate.
const (
	stepUp   = 5.0 / 4
	stepDown = 4.0 / 5
	rateMost = 1 << 40
	rateLess = 64 << 10 // bytes a second, that a limit has at least

	verboseMost = 20
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
	case "p", " ":
		return m.toggle(), false
	case "+", "=":
		return m.pace(stepUp), false
	case "-":
		return m.pace(stepDown), false
	case "0":
		return m.unlimited(), false
	case "v":
		return m.verbose(1), false
	case "V":
		return m.verbose(-1), false
	case "s":
		if p := m.find(m.at.who); p != nil {
			m.question = &question{p.who(), fmt.Sprintf("stop %d (%s)? y, or another key for no", p.PID, sides(p))}
		}
	}
	return nil, false
}

// answer takes the answer to a question.
func (m *Model) answer(k string) (o *Order, leave bool) {
	who := m.question.who
	m.question = nil
	switch k {
	case "y", "Y":
		m.note = fmt.Sprintf("%d is told to stop", who.PID)
		return &Order{Who: who, Stop: true}, false
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
		m.note = "choose a path first (up and down)"
		return nil
	}
	to := "off"
	if w.state == "off" {
		to = "on"
	}
	return m.order("path", strconv.Itoa(w.order+1), to)
}

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
	is := m.limitOf(p)
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

// limitOf is the limit of what keys are about, in bytes a second; 0: there is none.
func (m *Model) limitOf(p *program) uint64 {
	if m.at.path == "" {
		return sizeOf(p.setting("limit"))
	}
	w, _ := m.wayAt()
	return w.limit
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

// sizeOf is a size as the command line has it; 0: it cannot be read.
func sizeOf(text string) uint64 {
	text = strings.TrimSuffix(text, "iB")
	shift := 0
	if i := strings.IndexAny(text, "kKmMgG"); i > 0 && i == len(text)-1 {
		shift = 10 * (1 + strings.Index("kmg", strings.ToLower(text[i:])))
		text = text[:i]
	}
	n, err := strconv.ParseUint(text, 10, 40)
	if err != nil {
		return 0
	}
	return n << shift
}

func isSender(s events.Setting) bool { return s.Word == "tx" }
