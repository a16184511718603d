package progress

import (
	"viamillipede/cmd/viamillipede/internal/voice"
	"viamillipede/netio"
)

// Bounds on the width of a line, in characters: on a wider terminal nothing more would be said.
const columnsMost = 300

// Screen is the terminal at a descriptor, as far as lines of progress are shown on it. It belongs to one goroutine.
type Screen struct {
	out    *voice.Voice
	fd     int
	always bool // whoever else is there
	shown  bool
	ever   bool
}

// NewScreen makes one of the terminal that a voice writes to. always shows lines there though another program draws, or another job is
// in the foreground.
func NewScreen(out *voice.Voice, fd int, always bool) *Screen {
	return &Screen{out: out, fd: fd, always: always}
}

// Show shows the lines that it is given for so many columns, if it is this program's turn.
func (s *Screen) Show(lines func(columns int) []string) {
	width := netio.TerminalWidth(s.fd)
	if width < 2 || !s.mine() {
		s.Hide()
		return
	}
	s.shown, s.ever = true, true
	s.out.Foot(voice.Draw(lines(min(width, columnsMost) - 1))) // a terminal may wrap after its last column
}

// mine reports whether this program may draw: it is in the foreground, and no other one draws.
func (s *Screen) mine() bool {
	return s.always || netio.InForeground(s.fd) && netio.HoldTerminal(s.fd)
}

// Hide takes the lines away until they are shown again.
func (s *Screen) Hide() {
	if s.shown {
		s.shown = false
		s.out.Foot("")
	}
}

// Seen reports whether lines have been shown: there may be somebody who waits for the end.
func (s *Screen) Seen() bool { return s.ever }
