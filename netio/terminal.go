package netio

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// TerminalWidth is the width of the terminal at fd, in characters; 0 if that is not known or fd is not a terminal.
func TerminalWidth(fd int) int {
	columns, _ := TerminalSize(fd)
	return int(columns)
}

// TerminalSize is the size of the terminal at fd, in characters; 0 where that is not known.
func TerminalSize(fd int) (columns, rows uint16) {
	size, err := unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ)
	if err != nil {
		return 0, 0
	}
	return size.Col, size.Row
}

// IsTerminal reports whether fd is a terminal.
func IsTerminal(fd int) bool {
	_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	return err == nil
}

// RawTerminal makes the terminal at fd pass on each key as it is, without showing it or giving it a meaning; what is written there is
// treated as before. restore undoes that. Errors: fd is no terminal.
func RawTerminal(fd int) (restore func(), err error) {
	was, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil, os.NewSyscallError("ioctl TCGETS", err)
	}
	raw := *was // as cfmakeraw(3) does
	raw.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	raw.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	raw.Cc[unix.VMIN], raw.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &raw); err != nil {
		return nil, os.NewSyscallError("ioctl TCSETS", err)
	}
	return func() { _ = unix.IoctlSetTermios(fd, unix.TCSETS, was) }, nil
}

// InForeground reports whether this process may write to the terminal at fd without being in somebody's way: no other job is in the
// foreground there.
func InForeground(fd int) bool {
	group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp() // an error: it has no jobs, or they are not of this session
}

// HoldTerminal makes the terminal at fd this process's to draw on, among those that ask; false: another one draws there. It keeps it
// until it ends. The lock is one of fcntl(2): those of flock(2) belong to an open file, which all programs of a pipeline share.
func HoldTerminal(fd int) bool {
	err := unix.FcntlFlock(uintptr(fd), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart})
	return err != unix.EAGAIN && err != unix.EACCES // what cannot be locked is nobody's
}
