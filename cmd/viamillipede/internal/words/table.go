package words

import (
	"strings"
	"unicode/utf8"
)

// column is one column of a table for people.
type column struct {
	name  string
	spare int // 0: never left out; else columns with a higher number are left out first, where there is no room
	cells []string
}

// width is how wide the widest cell is, in characters.
func (c column) width() int {
	w := utf8.RuneCountInString(c.name)
	for _, s := range c.cells {
		w = max(w, utf8.RuneCountInString(s))
	}
	return w
}

// columnGap is what stands before each cell.
const columnGap = "  "

// writeTable writes a line for the names and one for each row, cells to the right. The lines have at most so many characters
// if the columns that cannot be spared have; 0 is any number.
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

// fitting leaves columns out until the others have room.
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

// fold breaks a line at its spaces, where it has more than so many characters; 0 is any number. What is behind a break stands
// further to the right.
func fold(line string, most int) string {
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
