package words

import (
	"strings"
	"unicode/utf8"
)

// column is one column of a table for people.
type column struct {
	name  string
	spare int // 0: never left out; otherwise columns with a higher number are left out first if there is no room
	cells []string
}

// width is the width of the widest cell, in characters.
func (c column) width() int {
	w := utf8.RuneCountInString(c.name)
	for _, s := range c.cells {
		w = max(w, utf8.RuneCountInString(s))
	}
	return w
}

// columnGap separates columns.
const columnGap = "  "

// writeTable writes a line for the names and one for each row, cells aligned to the right. Lines have at most most
// characters, provided the columns that are never left out fit; 0 means any width.
func writeTable(b *strings.Builder, most int, columns []column) {
	columns = fitting(most, columns)
	rows := 0
	for _, c := range columns {
		rows = max(rows, len(c.cells))
	}
	for row := range rows + 1 {
		for _, c := range columns {
			cell := c.name
			if row > 0 {
				cell = c.cells[row-1]
			}
			b.WriteString(columnGap + strings.Repeat(" ", c.width()-utf8.RuneCountInString(cell)) + cell)
		}
		b.WriteByte('\n')
	}
}

// fitting leaves out columns until the rest fit.
func fitting(most int, columns []column) []column {
	for most > 0 {
		total, worst := 0, -1
		for i, c := range columns {
			total += len(columnGap) + c.width()
			if c.spare > 0 && (worst < 0 || c.spare > columns[worst].spare) {
				worst = i
			}
		}
		if total <= most || worst < 0 {
			break
		}
		columns = append(append([]column(nil), columns[:worst]...), columns[worst+1:]...)
	}
	return columns
}

// Fold breaks a line at spaces if it is longer than most characters; 0 means any width. Continuation lines are indented.
func Fold(line string, most int) string {
	if most <= 0 || utf8.RuneCountInString(line) <= most {
		return line
	}
	const indent = "    "
	var b strings.Builder
	at := 0
	for i, word := range strings.Fields(line) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case at+1+n > most:
			b.WriteString("\n" + indent)
			at = len(indent)
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += n
	}
	return b.String()
}
