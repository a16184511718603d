package main

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"

	"viamillipede/cmd/viamillipede/internal/logs"
	"viamillipede/cmd/viamillipede/internal/voice"
	"viamillipede/engine"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// ownPrefix begins the lines that are not about one of two sides.
const ownPrefix = "viamillipede: "

// standardWidth is how wide a line is of what does not tell, in characters.
const standardWidth = 80

// lineWidth is how many characters a line on standard error may have: as the terminal there says, or else COLUMNS, as for other
// programs.
func lineWidth() int {
	if n := netio.TerminalWidth(standardError); n > 0 {
		return n
	}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	return standardWidth
}

// failed prints why the program fails, in one line that changes nothing else on a terminal, and returns the exit status that goes with it.
func failed(prefix string, err error) engine.Status {
	text := wire.Printable(strings.Join(strings.FieldsFunc(err.Error(), isNewline), " "))
	sayAt(logs.Error, prefix, text)
	failure.CompareAndSwap(nil, &text)
	return engine.ExitStatus(err)
}

// failure is why the program failed first.
var failure atomic.Pointer[string]

func isNewline(r rune) bool { return r == '\n' || r == '\r' }

// stderr is standard error, for all of the program: nobody ever waits for it, whether it is stopped, full or gone.
var stderr = logs.NewBook(voice.New(os.Stderr, ownPrefix), "viamillipede")

// say prints lines on standard error, each after prefix and all of them in one write, so that those of another
// goroutine do not come between. There is nowhere left to report that standard error cannot be written.
func say(prefix, lines string) { sayAt(logs.Notice, prefix, lines) }

// sayAt is say for lines of some priority.
func sayAt(p logs.Priority, prefix, lines string) {
	lines = strings.TrimRight(lines, "\n")
	stderr.Say(p, prefix+strings.ReplaceAll(lines, "\n", "\n"+prefix)+"\n")
}
