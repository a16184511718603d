package top

import (
	"fmt"
	"strings"
	"time"

	"viamillipede/cmd/viamillipede/internal/words"
)

// line is one of what there is to show between the first row and the last.
type line struct {
	left, right []piece // what is right goes where there is no room for it
	at          *target // that keys are about when the line is chosen; nil: none
}

// Rows that are not for lines: the first and the last.
const edges = 2

// Render draws the model on a screen of that size.
func (m *Model) Render(columns, rows int) *Frame {
	f := NewFrame(columns, rows)
	if rows == 0 || columns == 0 {
		return f
	}
	if m.help {
		for i, text := range helpFor(columns, rows) {
			f.put(1, i+1, piece{text, Plain})
		}
	} else {
		m.body(f)
	}
	m.title(f)
	if rows > 1 {
		m.foot(f, rows-1)
	}
	return f
}

// body draws the lines about programs: those that the chosen one belongs to, if there is no room for all.
func (m *Model) body(f *Frame) {
	lines := m.lines(f.Columns)
	room := f.Rows - edges
	first := 0
	for i, l := range lines {
		if l.at == nil || *l.at != m.at {
			continue
		}
		last := i // of the lines that belong to it
		for last+1 < len(lines) && lines[last+1].at == nil {
			last++
		}
		if last >= room {
			first = min(i, last-room+1)
		}
	}
	for i, l := range lines[first:] {
		if i >= room {
			break
		}
		f.put(0, i+1, l.left...)
		if from := f.Columns - wide(l.right); from >= wide(l.left) {
			f.put(from, i+1, l.right...)
		}
		if l.at != nil && *l.at == m.at {
			f.invert(i + 1)
		}
	}
}

// lines are all that there is to say about programs.
func (m *Model) lines(columns int) (all []line) {
	if len(m.programs) == 0 {
		return []line{{}, {left: []piece{{"  no program of yours can be asked on this host; waiting for one", Dim}}}}
	}
	for i, p := range m.programs {
		if i > 0 {
			all = append(all, line{})
		}
		all = append(all, m.programLine(p, columns))
		for i := range p.Ends {
			all = append(all, m.endLines(p, &p.Ends[i], columns)...)
		}
		if len(p.Ends) == 0 {
			all = append(all, line{left: []piece{{"  no stream", Dim}}})
		}
	}
	return all
}

// programLine is the one about a program itself.
func (m *Model) programLine(p *program, columns int) line {
	var right []piece
	if p.Late > 0 {
		right = append(right, piece{fmt.Sprintf("  does not answer: %s", words.Duration(p.Late)), Red})
	} else if p.cpu >= 0 {
		right = append(right, piece{fmt.Sprintf("  CPU %.0f %%", 100*p.cpu), Plain})
	}
	if columns >= roomy {
		right = append([]piece{{"  for " + words.Duration(seconds(p.Age)), Dim}}, right...)
	}
	if p.Keep > 0 {
		right = append([]piece{{fmt.Sprintf("  %d of %s", streams(p), words.Number(p.Keep, "stream")), Plain}}, right...)
	}
	pid := fmt.Sprint(p.PID)
	room := columns - len(pid) - 1 - wide(right)
	var given []string
	for _, s := range p.GivenSettings() {
		given = append(append(given, s.Word), s.Args...)
	}
	return line{left: []piece{{pid, Bold}, {" " + m.cut(plain(strings.Join(given, " ")), room), Plain}}, right: right, at: &target{who: p.who()}}
}

// streams counts those that a program has now; one each way counts once.
func streams(p *program) int {
	numbers := map[int]bool{}
	for _, e := range p.Ends {
		numbers[e.Number] = true
	}
	return len(numbers)
}

// title is the first row.
func (m *Model) title(f *Frame) {
	f.put(0, 0, piece{strings.Repeat(" ", f.Columns), Inverse})
	name := " viamillipede top"
	if f.Columns < roomy/2 {
		name = " top"
	}
	clock := m.Now.Format(time.TimeOnly) + " "
	f.put(0, 0, piece{name, Inverse | Bold}, piece{m.cut(fmt.Sprintf("  %s  %s", plain(m.Host), words.Number(len(m.programs), "program")),
		f.Columns-len(name)-len(clock)-1), Inverse})
	if from := f.Columns - len(clock); from > len(name) {
		f.put(from, 0, piece{clock, Inverse})
	}
}

// hints are what keys do, the most important first.
var hints = []string{"q quit", "? help", "p path", "+ - rate", "t T threads", "< > spill", "g G giveup", "s stop", "l links", "v V verbose", "0 no limit"}

// foot is the last row: a question, what came of an order, or what keys do.
func (m *Model) foot(f *Frame, row int) {
	switch {
	case m.question != nil:
		f.put(0, row, piece{" " + m.cut(plain(m.question.text), f.Columns-1), Yellow | Bold})
	case m.note != "":
		f.put(0, row, piece{" " + m.cut(plain(m.note), f.Columns-1), Yellow})
	case m.help:
		f.put(0, row, piece{" any key: back", Dim})
	default:
		text := ""
		for _, h := range hints {
			if len(text)+2+len(h) > f.Columns {
				break
			}
			text += "  " + h
		}
		f.put(0, row, piece{strings.TrimPrefix(text, " "), Dim})
	}
}

// helpLines are what ? shows.
var helpLines = []string{
	"up, down   choose a program or a path",
	"p, space   no new legs on the path, or again",
	"+ -        a quarter faster, a fifth slower: the path, or all that tx sends",
	"0          without that limit",
	"t T        a link more, or fewer (threads)",
	"< >        the path helps sooner, or later (spill)",
	"g G        it waits longer while nothing gets through, or less long (giveup)",
	"v V        it says more, or less (verbose)",
	"s          stop the program, after a question",
	"l          each link, or not",
	"q, ^C      leave; ^Z: as usual",
}

// helpNarrow is the same on a small screen.
var helpNarrow = []string{
	"up, down  choose a program or a path",
	"p  path on, off    l  each link, or not",
	"+ -  faster, slower: the path, or tx",
	"0  no limit        v V  says more, less",
	"t T  a link more, fewer (threads)",
	"< >  path helps sooner, later (spill)",
	"g G  waits longer, less (giveup)",
	"s  stop, asks      q  leave",
}

// helpFor are the lines of help for a screen of that size.
func helpFor(columns, rows int) []string {
	if columns < roomy+16 || rows < len(helpLines)+edges {
		return helpNarrow
	}
	return helpLines
}

// roomy is from how many columns on there is room for what is less important.
const roomy = 64

// plain is a text of somebody else in characters of one column each.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
}

// cut is a text in so many columns.
func (m *Model) cut(text string, columns int) string {
	switch {
	case len(text) <= columns:
		return text
	case columns <= 0:
		return ""
	case m.Letters:
		return text[:columns-1] + ">"
	}
	return text[:columns-1] + "…"
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
