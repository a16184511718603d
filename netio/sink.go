package netio

import (
	"errors"
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"viamillipede/netio/internal/sys"
)

// smallWrite is what a pipe takes without blocking once poll(2) has called it writable, in bytes (PIPE_BUF, pipe(7)). A
// terminal promises nothing: where it cannot be opened anew, one that is stopped may block the loop that writes.
const smallWrite = 4096

// Sink is where the stream goes: a descriptor opened by somebody else and perhaps shared with other programs. One thread
// at a time may use it.
type Sink struct {
	end
	refuses atomic.Bool // splice(2)
}

// OpenSink prepares fd for writing. fd stays the caller's until Finish.
func OpenSink(fd int, trace Tracer) (*Sink, error) {
	e, err := openEnd(fd, unix.O_WRONLY, trace)
	if err != nil {
		return nil, err
	}
	return &Sink{end: e}, nil
}

// Write writes the beginning of p, as much as fits. (n > 0, nil); (0, ErrAgain): the consumer is behind; (0,
// *os.SyscallError): the sink failed, see BrokenPipe. A regular file may make it wait for its medium.
func (s *Sink) Write(p []byte) (int, error) {
	switch s.kind {
	case kindStream:
		n, err := again(func() (int, syscall.Errno) { return sys.Write(s.fd, p) })
		return s.trace.outcome("write", s.fd, n, err, false)
	case kindSocket:
		n, err := again(func() (int, syscall.Errno) {
			return sys.Send(s.fd, p, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
		})
		return s.trace.outcome("sendto", s.fd, n, err, false)
	case kindPolled:
		if !s.ready(unix.POLLOUT) {
			return s.trace.outcome("poll", s.fd, 0, unix.EAGAIN, false)
		}
		p = p[:min(len(p), smallWrite)]
	}
	n, err := again(func() (int, syscall.Errno) { return sys.WriteWait(s.fd, p) })
	return s.trace.outcome("write", s.fd, n, err, false)
}

// Finish ends the stream for the consumer, once all of it is written: every descriptor of ours is closed, the user's too,
// which becomes the null device so that its number is not given to something else. An error means that the consumer
// may not have everything (close(2)).
func (s *Sink) Finish() error {
	null, err := unix.Open(os.DevNull, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("open", err)
	}
	defer unix.Close(null)
	return errors.Join(s.close(), s.flush(null))
}

// flush reports the error that close(2) keeps for a file (NFS, quotas): a duplicate is closed first, since dup3(2)
// closes the user's descriptor without a word.
func (s *Sink) flush(null int) error {
	dup, err := unix.FcntlInt(uintptr(s.user), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	if err := unix.Close(dup); err != nil {
		return os.NewSyscallError("close", err)
	}
	return os.NewSyscallError("dup3", unix.Dup3(null, s.user, 0))
}

// Close gives back what OpenSink opened; the user's descriptor stays open. For a stream that failed.
func (s *Sink) Close() error { return s.close() }
