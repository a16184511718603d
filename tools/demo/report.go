package main

import (
	"fmt"
	"math"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// prose is the width to which text is wrapped, in columns.
const prose = 80

// page says how wide the table may be.
type page struct{ columns int }

// newPage takes the width of the terminal on standard output; anything else has room for everything.
func newPage() page {
	size, err := unix.IoctlGetWinsize(int(os.Stdout.Fd()), unix.TIOCGWINSZ)
	if err != nil || size.Col == 0 {
		return page{math.MaxInt}
	}
	return page{int(size.Col)}
}

// report prints what both programs said: the status tables and, as the last line of each, how it ended.
func report(o outcome) {
	out := newPage()
	both := []*process{o.tx, o.rx}
	for _, p := range both {
		tables, _ := p.said.parts()
		out.section(p.name+", asked half way (SIGUSR1):", tables)
	}
	for _, p := range both {
		_, last := p.said.parts()
		out.section(p.name+", at its end:", last)
	}
	fmt.Printf("\nwent in   %d bytes, SHA-256 %.16s\n", o.sent.bytes, o.sent)
	fmt.Printf("came out  %d bytes, SHA-256 %.16s, in %.1f s\n", o.came.bytes, o.came, o.took.Seconds())
}

func (p page) section(title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Printf("\n%s\n\n", title)
	for _, line := range lines {
		p.show(line)
	}
}

// show prints one line of a program without the program's name. Rows of a table are cut at the edge; prose is wrapped.
func (p page) show(line string) {
	line = strings.TrimPrefix(line, "viamillipede: ")
	if row := []rune(line); strings.Contains(line, "  ") {
		fmt.Println(string(row[:min(len(row), p.columns)]))
		return
	}
	column := 0
	for _, word := range strings.Fields(line) {
		switch {
		case column == 0:
		case column+1+len(word) > min(prose, p.columns):
			fmt.Print("\n  ")
			column = 2
		default:
			fmt.Print(" ")
			column++
		}
		fmt.Print(word)
		column += len(word)
	}
	fmt.Println()
}
