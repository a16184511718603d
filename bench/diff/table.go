package diff

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// width is the number of columns that a table stays within, unless names are too long.
const width = 100

// mostLines bounds each list below the table, which is not the place for a whole inventory.
const mostLines = 10

// WriteText writes the table for people: a line for each name and, below it, one for each unit.
func (t Table) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "  %-28s %12s %12s %9s\n", "", "old", "new", "change")
	above := ""
	for _, r := range t.Rows {
		if head := fmt.Sprintf("%s  (%s)\n", short(r.Name, width-40), r.rounds()); head != above {
			b.WriteString(head)
			above = head
		}
		b.WriteString(r.line())
	}
	b.WriteString(t.remarks())
	_, err := io.WriteString(w, b.String())
	return err
}

// lineFormat formats a line: unit, medians, change, p, verdict.
const lineFormat = "  %-28s %12s %12s %9s  %-8s %s\n"

// rounds says how many rounds there are and how they are compared.
func (r Row) rounds() string {
	if r.Paired {
		return fmt.Sprintf("%d pairs, taken in turn", r.Rounds[0])
	}
	return fmt.Sprintf("%d and %d rounds", r.Rounds[0], r.Rounds[1])
}

func (r Row) line() string {
	p := fmt.Sprintf("p=%.3f", r.P)
	if r.P < 0.0005 {
		p = "p<0.001"
	}
	return fmt.Sprintf(lineFormat, short(r.Unit, 28), number(r.Old), number(r.New), r.change(), p, r.Verdict)
}

// change is Change in per cent.
func (r Row) change() string {
	switch {
	case math.IsInf(r.Change, 0):
		return "from 0"
	case math.Abs(r.Change) >= 99.995: // a hundredfold: per cent would be wider than the column
		return fmt.Sprintf("x %.3g", 1+r.Change)
	}
	return fmt.Sprintf("%+.1f %%", 100*r.Change)
}

// number is a value with four digits.
func number(v float64) string {
	if a := math.Abs(v); a >= 1000 && a < 1e9 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// short cuts the middle out of a string that is too long.
func short(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	half := (most - 3) / 2
	return string(r[:half]) + "..." + string(r[len(r)-half:])
}

// remarks are the text below the rows.
func (t Table) remarks() string {
	var b strings.Builder
	if n := t.tooFew(); n > 0 {
		fmt.Fprintf(&b, "too few rounds in %d of %d rows to find anything: take %s\n", n, len(t.Rows), enough)
	}
	list(&b, "only in the old file", t.OnlyOld)
	list(&b, "only in the new file", t.OnlyNew)
	list(&b, "not the same", t.Settings)
	fmt.Fprintf(&b, "~: no significant difference (p >= %g, for all rows together); threshold %.4g %%\n", Level, 100*t.Threshold)
	return b.String()
}

// enough is the least that can be significant in a single row; more are needed to make it likely.
const enough = "5 of each, or 7 pairs; more for many rows"

func (t Table) tooFew() int {
	n := 0
	for _, r := range t.Rows {
		if r.Verdict == TooFew {
			n++
		}
	}
	return n
}

// list writes a few lines, each after the heading.
func list(b *strings.Builder, heading string, lines []string) {
	for i, line := range lines {
		if i == mostLines {
			fmt.Fprintf(b, "%s: %d more\n", heading, len(lines)-i)
			return
		}
		b.WriteString(short(heading+": "+line, width) + "\n")
	}
}
