package netio

import (
	"syscall"

	"golang.org/x/sys/unix"

	"viamillipede/netio/internal/sys"
)

// Splices reports whether Splice may work: the sink is a pipe, for which SPLICE_F_NONBLOCK keeps us from waiting for
// room, even if others share its open file description.
func (s *Sink) Splices() bool { return s.pipe }

// Refuse notes that the kernel refused to splice bytes on their way to this sink, in whichever call. Any thread may call
// it.
func (s *Sink) Refuse() { s.refuses.Store(true) }

// Refuses reports whether Refuse was called. Any thread may ask.
func (s *Sink) Refuses() bool { return s.refuses.Load() }

// Splice moves up to n bytes from the connection to the sink, a pipe, without copying them (splice(2)). It waits for
// neither: the connection is non-blocking, and SPLICE_F_NONBLOCK covers the pipe. So we hold the pipe's lock only for the
// move and never keep its reader waiting; but the reader may keep us waiting, see Sink. (n > 0, nil): n bytes were moved.
// (0, ErrAgain): the connection has nothing, or the pipe is full; Pending tells which. (0, io.EOF): the peer ended its
// side. (0, *os.SyscallError): the consumer is lost if the sink is Gone, else the connection is lost.
func (c *Conn) Splice(s *Sink, n int) (int, error) {
	moved, err := again(func() (int, syscall.Errno) {
		return sys.SpliceShared(c.fd, s.fd, n, unix.SPLICE_F_NONBLOCK|unix.SPLICE_F_MOVE)
	})
	return c.trace.outcome("splice", c.fd, moved, err, true)
}

// Pending reports whether there are bytes to read (SIOCINQ, tcp(7)).
func (c *Conn) Pending() bool {
	n, err := unix.IoctlGetInt(c.fd, unix.SIOCINQ)
	return err == nil && n > 0
}

// Gone reports whether the sink's consumer has gone away (POLLERR, poll(2)).
func (s *Sink) Gone() bool { return s.ready(unix.POLLERR) }
