package top

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Style is how a cell looks: a colour, and flags.
type Style uint8

// Colours, of which a cell has one, and flags.
const (
	Plain Style = iota
	Red
	Green
	Yellow
	Blue
	Cyan
	Dim

	Bold    Style = 1 << 6
	Inverse Style = 1 << 7

	colours = Bold - 1
)

// sgr are the parameters that give a colour to what follows (ECMA-48, SGR).
var sgr = map[Style]string{Red: "31", Green: "32", Yellow: "33", Blue: "34", Cyan: "36", Dim: "2"}

// Cell is one character of a screen.
type Cell struct {
	Rune  rune
	Style Style
}

// Frame is a screen.
type Frame struct {
	Columns, Rows int
	cells         []Cell
}

// NewFrame makes a blank one.
func NewFrame(columns, rows int) *Frame {
	f := &Frame{Columns: max(columns, 0), Rows: max(rows, 0)}
	f.cells = make([]Cell, f.Columns*f.Rows)
	for i := range f.cells {
		f.cells[i].Rune = ' '
	}
	return f
}

// At is a cell, from 0; it must be there.
func (f *Frame) At(column, row int) Cell { return f.cells[row*f.Columns+column] }

// piece is a text that has one style.
type piece struct {
	text  string
	style Style
}

// wide is how many columns pieces take side by side: each character has one.
func wide(pieces []piece) (columns int) {
	for _, p := range pieces {
		columns += utf8.RuneCountInString(p.text)
	}
	return columns
}

// put writes pieces side by side from a column on. What has no room is cut off.
func (f *Frame) put(column, row int, pieces ...piece) {
	if row < 0 || row >= f.Rows {
		return
	}
	for _, p := range pieces {
		for _, r := range p.text {
			if column >= 0 && column < f.Columns {
				f.cells[row*f.Columns+column] = Cell{r, p.style}
			}
			column++
		}
	}
}

// invert shows a row in one colour, inversely.
func (f *Frame) invert(row int) {
	for i := range f.Columns {
		c := &f.cells[row*f.Columns+i]
		c.Style = c.Style&Bold | Inverse
	}
}

// Text is the screen without its styles: a line for each row, without the blanks at its end.
func (f *Frame) Text() string {
	var b strings.Builder
	for row := range f.Rows {
		line := make([]rune, f.Columns)
		for column := range line {
			line[column] = f.At(column, row).Rune
		}
		b.WriteString(strings.TrimRight(string(line), " ") + "\n")
	}
	return b.String()
}

// Draw is what makes a terminal that shows the frame before show this one; nil: whatever the terminal shows. Without colours, only flags
// are used. The cursor is not shown, and is left somewhere.
func (f *Frame) Draw(before *Frame, coloured bool) string {
	var b strings.Builder
	if before == nil || before.Columns != f.Columns || before.Rows != f.Rows {
		b.WriteString("\x1b[0m\x1b[2J")
		before = nil
	}
	for row := range f.Rows {
		if before == nil || !f.same(before, row) {
			fmt.Fprintf(&b, "\x1b[%d;1H", row+1)
			f.drawRow(&b, row, coloured)
		}
	}
	return b.String()
}

func (f *Frame) same(before *Frame, row int) bool {
	for column := range f.Columns {
		if f.At(column, row) != before.At(column, row) {
			return false
		}
	}
	return true
}

// drawRow writes a row, whose last blanks are erased: they cost most where a line is slow.
func (f *Frame) drawRow(b *strings.Builder, row int, coloured bool) {
	used := f.Columns
	for used > 0 && f.At(used-1, row) == (Cell{Rune: ' '}) {
		used--
	}
	style := Plain
	for column := range used {
		c := f.At(column, row)
		if c.Style != style {
			style = c.Style
			b.WriteString(style.escape(coloured))
		}
		b.WriteRune(c.Rune)
	}
	if style != Plain {
		b.WriteString(Plain.escape(coloured))
	}
	if used < f.Columns {
		b.WriteString("\x1b[K")
	}
}

// escape is what gives this style, and no other, to what follows.
func (s Style) escape(coloured bool) string {
	text := "\x1b[0"
	if s&Bold != 0 {
		text += ";1"
	}
	if s&Inverse != 0 {
		text += ";7"
	}
	if code := sgr[s&colours]; coloured && code != "" {
		text += ";" + code
	}
	return text + "m"
}
