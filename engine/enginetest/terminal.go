package enginetest

import (
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// NewTerminal makes a source that is a terminal, at which somebody types on Far: whole lines of at most 4095 bytes, and at
// last EndOfInput at the beginning of a line. Nothing is echoed. Bytes below 32, except the newline, may have a meaning of
// their own (termios(3)).
func NewTerminal() (*Stdio, error) {
	far, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, os.NewSyscallError("open", err)
	}
	s := &Stdio{FD: -1, kept: -1, Far: os.NewFile(uintptr(far), "terminal")}
	if s.FD, err = otherSide(far); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// EndOfInput is what a terminal takes for the end (VEOF, termios(3)).
const EndOfInput = "\x04"

func otherSide(far int) (int, error) {
	if err := unix.IoctlSetPointerInt(far, unix.TIOCSPTLCK, 0); err != nil {
		return -1, os.NewSyscallError("ioctl TIOCSPTLCK", err)
	}
	n, err := unix.IoctlGetInt(far, unix.TIOCGPTN)
	if err != nil {
		return -1, os.NewSyscallError("ioctl TIOCGPTN", err)
	}
	near, err := unix.Open("/dev/pts/"+strconv.Itoa(n), unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open the terminal: %w", err)
	}
	t, err := unix.IoctlGetTermios(near, unix.TCGETS)
	if err == nil {
		t.Iflag, t.Oflag, t.Lflag = 0, 0, unix.ICANON
		err = unix.IoctlSetTermios(near, unix.TCSETS, t)
	}
	return near, os.NewSyscallError("ioctl TCSETS", err)
}
