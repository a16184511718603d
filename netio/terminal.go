package netio

import "golang.org/x/sys/unix"

// TerminalWidth is how many characters a line of the terminal behind fd has; 0 is not known, or fd is no terminal.
func TerminalWidth(fd int) int {
	size, err := unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Col)
}
