package netio

import "golang.org/x/sys/unix"

// TerminalWidth is the width of the terminal at fd, in characters; 0 if that is not known or fd is not a terminal.
func TerminalWidth(fd int) int {
	size, err := unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Col)
}
