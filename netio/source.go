package netio

import (
	"syscall"

	"golang.org/x/sys/unix"

	"viamillipede/netio/internal/sys"
)

// Source is where the stream comes from: a descriptor opened by somebody else and perhaps shared with other programs.
// One thread at a time may use it.
//
// Every method that reads may block in the kernel, on the medium or on a program that has the same pipe open and is
// inside splice(2), even one that can return ErrAgain; O_NONBLOCK and signals do not help.
type Source struct{ end }

// OpenSource prepares fd for reading. fd stays the caller's; Close gives back only what was opened in addition.
func OpenSource(fd int, trace Tracer) (*Source, error) {
	e, err := openEnd(fd, unix.O_RDONLY, trace)
	if err != nil {
		return nil, err
	}
	return &Source{e}, nil
}

// Read reads what is there, at most len(p) bytes. (n > 0, nil); (0, ErrAgain): nothing there now; (0, io.EOF): the end of
// the stream; (0, *os.SyscallError): the source failed. A regular file or device may make it wait for its medium.
func (s *Source) Read(p []byte) (int, error) {
	switch s.kind {
	case kindStream:
		n, err := again(func() (int, syscall.Errno) { return sys.ReadWait(s.fd, p) })
		return s.trace.outcome("read", s.fd, n, err, true)
	case kindSocket:
		n, err := again(func() (int, syscall.Errno) { return sys.ReceiveWait(s.fd, p, unix.MSG_DONTWAIT) })
		return s.trace.outcome("recvfrom", s.fd, n, err, true)
	case kindPolled:
		if !s.ready(unix.POLLIN) {
			return s.trace.outcome("poll", s.fd, 0, unix.EAGAIN, true)
		}
	}
	n, err := again(func() (int, syscall.Errno) { return sys.ReadWait(s.fd, p) })
	return s.trace.outcome("read", s.fd, n, err, true)
}

// ReadInto is Read into several pieces, in order, none of them empty: in one call where that is possible, else only into the first.
func (s *Source) ReadInto(pieces [][]byte) (int, error) {
	if len(pieces) == 1 || s.kind != kindStream {
		return s.Read(pieces[0])
	}
	n, err := again(func() (int, syscall.Errno) { return sys.ReadvWait(s.fd, pieces) })
	return s.trace.outcome("readv", s.fd, n, err, true)
}

// Close gives back what OpenSource opened. If that has to wait for another program, it goes on in the background.
func (s *Source) Close() error { return s.closeSoon() }

// MadeSource returns a source without a descriptor, for a stream that is generated here. It has only a name for people:
// it is neither a file nor a pipe, never makes anybody wait, and must not be read.
func MadeSource(name string) *Source {
	return &Source{end{fd: -1, user: -1, kind: kindFile, name: name}}
}
