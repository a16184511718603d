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
// terminal promises nothing: if it cannot be reopened, a stopped one may block the loop that writes.
const smallWrite = 4096

// Sink is where the stream goes: a descriptor opened by somebody else and perhaps shared with other programs. One thread
// at a time may use it. What writes to it may wait in the kernel, as at a Source.
type Sink struct {
	end
	refuses atomic.Bool // splice(2)

	// What Finish needs is opened at the start: at the end there may be no descriptors left, or no /dev.
	twin  int // a duplicate of the user's descriptor; -1 once it is closed
	spare int // will take over the number of the user's descriptor; -1 likewise
}

// OpenSink prepares fd for writing. fd stays the caller's until Finish.
func OpenSink(fd int, trace Tracer) (*Sink, error) {
	e, err := openEnd(fd, unix.O_WRONLY, trace)
	if err != nil {
		return nil, err
	}
	s := &Sink{end: e, twin: -1, spare: -1}
	if s.twin, err = unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3); err != nil {
		s.Close()
		return nil, os.NewSyscallError("fcntl", err)
	}
	if s.spare, err = openSpare(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// openSpare opens something harmless: the null device or, without /dev, an eventfd(2).
func openSpare() (int, error) {
	fd, err := unix.Open(os.DevNull, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		return fd, nil
	}
	fd, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	return fd, os.NewSyscallError("eventfd", err)
}

// Write writes as much of the beginning of p as fits. (n > 0, nil); (0, ErrAgain): the consumer is behind; (0,
// *os.SyscallError): the sink failed, see BrokenPipe. A regular file may make it wait for its medium.
func (s *Sink) Write(p []byte) (int, error) {
	switch s.kind {
	case kindStream:
		n, err := again(func() (int, syscall.Errno) { return sys.WriteWait(s.fd, p) })
		return s.trace.outcome("write", s.fd, n, err, false)
	case kindSocket:
		n, err := again(func() (int, syscall.Errno) {
			return sys.SendWait(s.fd, p, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
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

// Finish ends the stream for the consumer once all of it is written: it closes every descriptor of ours and the user's,
// whose number it gives to the spare so that no other file gets it. An error, an *os.SyscallError, means that the
// consumer may not have everything: some file systems report a failed write only in close(2) (NFS, quotas). The twin is
// closed to learn that, since dup3(2) closes the user's descriptor without reporting errors.
func (s *Sink) Finish() error {
	if err := s.close(); err != nil {
		return err
	}
	if err := closeOnce(&s.twin); err != nil {
		return err
	}
	_, errno := again(func() (int, syscall.Errno) { return 0, errno(unix.Dup3(s.spare, s.user, 0)) })
	if errno != 0 {
		return os.NewSyscallError("dup3", errno)
	}
	_ = closeOnce(&s.spare)
	return nil
}

// Close gives back what OpenSink opened; the user's descriptor stays open. It is for a stream that failed, and harmless
// after Finish. If closing has to wait for another program, it goes on in the background.
func (s *Sink) Close() error {
	err := s.closeSoon()
	for _, fd := range []*int{&s.twin, &s.spare} {
		if e := closeOnce(fd); e != os.ErrClosed {
			err = errors.Join(err, e)
		}
	}
	return err
}
