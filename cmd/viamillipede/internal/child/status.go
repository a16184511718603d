package child

import (
	"fmt"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"
)

// longest bounds a command in a message, in bytes: the peer is told, too, in a line of at most 256.
const longest = 100

// Quote is a command of exec for people: one line, and not too long.
func Quote(command string) string { return "exec '" + Line(command) + "'" }

// Line is what somebody else has written, a command for example, as one line for people that is not too long.
func Line(command string) string {
	line := strings.Join(strings.Fields(strings.ToValidUTF8(command, "?")), " ")
	line = strings.Map(printable, line)
	if len(line) > longest {
		at := longest
		for !utf8.RuneStart(line[at]) {
			at--
		}
		line = line[:at] + "..."
	}
	return line
}

// printable is a character for a terminal that is to show it and not to obey it.
func printable(r rune) rune {
	if !unicode.IsPrint(r) {
		return '?'
	}
	return r
}

// outcome says how a program has ended; nil: with status 0.
func outcome(command string, s syscall.WaitStatus) error { return Outcome(Quote(command), s) }

// Outcome is the same for a program that has a name for people.
func Outcome(name string, s syscall.WaitStatus) error {
	what := ""
	switch {
	case s.Signaled():
		return fmt.Errorf("%s was ended by signal %d (%v)", name, s.Signal(), s.Signal())
	case s.ExitStatus() == 0:
		return nil
	case s.ExitStatus() == 126:
		what = " (a program that cannot be run)"
	case s.ExitStatus() == 127:
		what = " (no such program)"
	}
	return fmt.Errorf("%s exited with status %d%s", name, s.ExitStatus(), what)
}

// noStatus is the status of a program of which it is not known.
const noStatus = 255

// codeOf is a status as a shell has it.
func codeOf(s syscall.WaitStatus) uint8 {
	if s.Signaled() {
		return 128 + uint8(s.Signal())
	}
	return uint8(s.ExitStatus())
}
