package notify

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"viamillipede/bench/result"
)

// Mark is a file, or a descriptor, that gets the port, in decimal and with a newline, when links are taken there. A nil Mark gets
// nothing.
type Mark struct {
	name string // of a file
	out  *result.Output
	fd   *os.File    // a descriptor instead
	made fs.FileInfo // the file that has the port; nil: none yet, or not a regular one
}

// fdPrefix begins the word for a descriptor.
const fdPrefix = "fd:"

// ParseFD reads a word for a descriptor. is: the word is none for a file. Only descriptors that are not standard ones are ok.
func ParseFD(word string) (fd int, is, ok bool) {
	digits, is := strings.CutPrefix(word, fdPrefix)
	fd, err := strconv.Atoi(digits)
	return fd, is, is && err == nil && fd >= firstPassed && strconv.Itoa(fd) == digits
}

// OpenMark makes sure that a file, or fd:N, can be written. A file that is there is removed: it would give the port of an earlier run. ""
// gives nil. Errors are for people.
func OpenMark(word string) (*Mark, error) {
	if word == "" {
		return nil, nil
	}
	if fd, is, _ := ParseFD(word); is {
		return openFD(fd)
	}
	out, err := result.Create(word)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be written: %w", word, cause(err))
	}
	if to, err := filepath.EvalSymlinks(word); err == nil {
		word = to // the file that is replaced
	}
	if is, err := os.Stat(word); err == nil && is.Mode().IsRegular() {
		_ = os.Remove(word) // else it is replaced
	}
	return &Mark{name: word, out: out}, nil
}

// cause is what the kernel says.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// openFD makes a mark of a descriptor that the program was started with.
func openFD(fd int) (*Mark, error) {
	f, err := TakeFD(fd)
	if err != nil {
		return nil, err
	}
	return &Mark{fd: f}, nil
}

// TakeFD takes a descriptor that the program was started with, to write to it. Children do not get it, so that its reader sees the end.
// Errors are for people.
func TakeFD(fd int) (*os.File, error) {
	// What has close-on-exec is this program's own: it cannot have come through an exec.
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFD, 0)
	if errno != 0 || flags&syscall.FD_CLOEXEC != 0 {
		return nil, fmt.Errorf("descriptor %d is not open", fd)
	}
	mode, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFL, 0)
	if errno != 0 || mode&syscall.O_ACCMODE == syscall.O_RDONLY {
		return nil, fmt.Errorf("descriptor %d is not open for writing", fd)
	}
	syscall.CloseOnExec(fd)
	return os.NewFile(uintptr(fd), fmt.Sprint(fdPrefix, fd)), nil
}

// Write gives it the port: the file gets its name when it is written, the descriptor is closed. It may take as long as the file or the
// reader of the descriptor takes. It is called once, or never.
func (m *Mark) Write(port int) error {
	text := fmt.Sprintln(port)
	if m.fd != nil {
		_, err := io.WriteString(m.fd, text)
		return errors.Join(err, m.fd.Close())
	}
	err := m.out.Write(func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
	if is, failed := os.Lstat(m.name); err == nil && failed == nil && is.Mode().IsRegular() {
		m.made = is
	}
	return err
}

// Close removes the file, unless it is somebody else's by now. A descriptor that got nothing is closed. Not while Write runs.
func (m *Mark) Close() {
	if m == nil {
		return
	}
	m.out.Discard()
	if m.fd != nil {
		m.fd.Close()
	}
	if is, err := os.Lstat(m.name); m.made != nil && err == nil && os.SameFile(is, m.made) {
		_ = os.Remove(m.name)
	}
}
