package netio

import (
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// ErrAgain says that a call would have blocked and moved nothing; wait in a Poller and call again.
var ErrAgain = errors.New("would block")

// Tracer is told the result of every data system call: its man-page name, the descriptor, what it returned and the
// error, nil, ErrAgain and io.EOF included. It is called on the thread that made the call and must not block.
type Tracer func(call string, fd, n int, err error)

// outcome is the one place that interprets the result of a data call. For a call that reads (eof true), n < 1 without an
// error is the end of the stream.
func (t Tracer) outcome(call string, fd, n int, errno syscall.Errno, eof bool) (int, error) {
	var err error
	switch {
	case errno == unix.EAGAIN:
		err = ErrAgain
	case errno != 0:
		err = os.NewSyscallError(call, errno)
	case n == 0 && eof:
		err = io.EOF
	}
	if err != nil {
		n = 0 // x/sys returns -1
	}
	if t != nil {
		t(call, fd, n, err)
	}
	return n, err
}

// again repeats call while signals interrupt it (signal(7)); Go's own preemption signal is one of them.
func again(call func() (int, syscall.Errno)) (int, syscall.Errno) {
	for {
		n, errno := call()
		if errno != unix.EINTR {
			return n, errno
		}
	}
}

// errno is the error number in an error returned by x/sys.
func errno(err error) syscall.Errno {
	e, _ := err.(syscall.Errno)
	return e
}

// Refused reports whether err says that the peer's host answered but nobody serves there: the host is up, the program is
// not. Every other failure to connect (no answer, no route, no name) is the network's.
func Refused(err error) bool {
	return Nobody(err) || Reset(err) || Closed(err)
}

// Nobody reports whether an error of dial.Dialer says that the peer's host answered but nobody listens there.
func Nobody(err error) bool { return errors.Is(err, unix.ECONNREFUSED) }

// Closed reports whether an error of a connection says that the peer's side ended it cleanly: what was sent before has
// arrived.
func Closed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, unix.EPIPE)
}

// Reset reports whether an error of a connection says that the peer's side, or something on the path, reset it.
func Reset(err error) bool { return errors.Is(err, unix.ECONNRESET) }

// OfSystem reports whether an error comes from a system call, and so not from what the peer sent.
func OfSystem(err error) bool {
	_, ok := errors.AsType[*os.SyscallError](err)
	return ok
}

// BrokenPipe reports whether err says that a sink's consumer is gone.
func BrokenPipe(err error) bool { return errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ECONNRESET) }
