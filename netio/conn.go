package netio

import (
	"fmt"
	"math"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/netio/internal/sys"
)

// Conn is a connected, non-blocking stream socket; it owns the descriptor. One thread at a time may use it, with one
// exception: while a thread waits for somebody else in SendFile or Splice, another may call everything except Close and
// the methods that move bytes in the same direction.
type Conn struct {
	fd    int
	tcp   bool
	lowat int // SO_RCVLOWAT as last set
	limit int // TCP_NOTSENT_LOWAT as last set; 0 if it was not
	trace Tracer
}

// Detach takes the socket out of c, which is closed and no longer served by Go's network poller. Bytes already read
// through c are the caller's concern. c is closed on an error, too.
func Detach(c net.Conn, trace Tracer) (*Conn, error) {
	defer c.Close()
	sc, ok := c.(syscall.Conn)
	if !ok {
		return nil, fmt.Errorf("detach: %T has no descriptor", c)
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil, err
	}
	fd := -1
	var dupErr error
	err = raw.Control(func(old uintptr) {
		fd, dupErr = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 3)
	})
	if err != nil {
		return nil, err
	}
	if dupErr != nil {
		return nil, os.NewSyscallError("fcntl", dupErr)
	}
	_, tcp := c.(*net.TCPConn)
	return &Conn{fd: fd, tcp: tcp, lowat: 1, trace: trace}, nil
}

// FD is the descriptor to watch; it stays the Conn's.
func (c *Conn) FD() int { return c.fd }

// Recv reads into a, then into b, in one call; both are the caller's again on return. (n > 0, nil): n bytes were read;
// fewer than there was room for only if there were no more (epoll(7)).
// (0, ErrAgain): nothing there now. (0, io.EOF): the peer ended its side. (0, *os.SyscallError): the connection is lost.
func (c *Conn) Recv(a, b []byte) (int, error) {
	if len(b) == 0 {
		n, err := again(func() (int, syscall.Errno) { return sys.Receive(c.fd, a) })
		return c.trace.outcome("read", c.fd, n, err, true)
	}
	n, err := again(func() (int, syscall.Errno) { return sys.Receivev(c.fd, a, b) })
	return c.trace.outcome("readv", c.fd, n, err, true)
}

// Kept reports whether Recv would bring something that no Poller reports. It never does: nothing is read ahead.
func (c *Conn) Kept() bool { return false }

// Send writes a, then b, in one call; the kernel has copied what it took on return. (n > 0, nil): n bytes were taken,
// perhaps fewer than offered. (0, ErrAgain): no room now. (0, *os.SyscallError): the connection is lost.
func (c *Conn) Send(a, b []byte) (int, error) {
	if len(a) == 0 || len(b) == 0 {
		p := a
		if len(a) == 0 {
			p = b
		}
		n, err := again(func() (int, syscall.Errno) { return sys.Write(c.fd, p) })
		return c.trace.outcome("write", c.fd, n, err, false)
	}
	n, err := again(func() (int, syscall.Errno) { return sys.Writev(c.fd, a, b) })
	return c.trace.outcome("writev", c.fd, n, err, false)
}

// Writable reports whether Send would take something now, as far as the kernel can tell (poll(2)).
func (c *Conn) Writable() bool {
	p := []unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLOUT}}
	n, err := unix.Poll(p, 0)
	return n > 0 || err != nil // an error is for Send to tell
}

// Queue is where the bytes are that the kernel took from us, and how the connection is doing.
type Queue struct {
	Told      bool          // the kernel answered; if not, all fields are zero
	InNetwork int           // bytes sent but not acknowledged by the peer's kernel
	Unsent    int           // bytes
	Acked     uint64        // bytes acknowledged by the peer's kernel, since the connection began
	PeerFull  bool          // no more can be sent because the peer's socket is full: its program is slow, not the network
	RTT       time.Duration // smoothed
	MinRTT    time.Duration

	// How long the connection had something to send; and how much of that it was held back only by the size of our send
	// buffer, or of the peer's receive buffer.
	Busy, SendLimited, ReceiveLimited time.Duration
}

// Clear reports that the peer's kernel has everything.
func (q Queue) Clear() bool { return q.Told && q.InNetwork+q.Unsent == 0 }

// Queued asks the kernel (SIOCOUTQ, linux/sockios.h; TCP_INFO, linux/tcp.h).
func (c *Conn) Queued() Queue {
	if !c.tcp {
		return Queue{}
	}
	return queued(c.fd)
}

// QueuedOf is Queued for a connection of package net.
func QueuedOf(c *net.TCPConn) (q Queue) {
	if rc, err := c.SyscallConn(); err == nil {
		_ = rc.Control(func(fd uintptr) { q = queued(int(fd)) }) // if c is closed, nothing is known
	}
	return q
}

func queued(fd int) Queue {
	all, err := unix.IoctlGetInt(fd, unix.SIOCOUTQ)
	if err != nil {
		return Queue{}
	}
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return Queue{}
	}
	q := Queue{
		Told: true, InNetwork: max(0, all-int(info.Notsent_bytes)), Unsent: int(info.Notsent_bytes),
		Acked: info.Bytes_acked, RTT: time.Duration(info.Rtt) * time.Microsecond,
		MinRTT: time.Duration(info.Min_rtt) * time.Microsecond,
		Busy:   time.Duration(info.Busy_time) * time.Microsecond, SendLimited: time.Duration(info.Sndbuf_limited) * time.Microsecond,
		ReceiveLimited: time.Duration(info.Rwnd_limited) * time.Microsecond,
	}
	told := info.Snd_wnd > 0 || q.InNetwork == 0 // before Linux 5.5 the kernel does not report the window: it is 0
	// A sender waits for more room than a segment needs before it sends again (RFC 9293, 3.8.6.2.1). If more than that is
	// in the network, it is what fills the window.
	little := 2 * int(info.Snd_mss)
	q.PeerFull = told && q.Unsent > 0 && int(info.Snd_wnd)-q.InNetwork < little && q.InNetwork < little
	return q
}

// LimitUnsent makes the socket unwritable, for Send and Poller alike, while bytes or more are unsent (TCP_NOTSENT_LOWAT,
// tcp(7)). If the kernel refuses, Send may queue more; nothing else changes.
func (c *Conn) LimitUnsent(bytes int) {
	if c.tcp && bytes != c.limit {
		c.limit = bytes
		_ = unix.SetsockoptInt(c.fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, bytes)
	}
}

// Await makes the socket readable, for a Poller, only when so many bytes are there (SO_RCVLOWAT, socket(7)), or at the
// end of the stream or an error. If the kernel refuses, the socket is readable earlier; nothing else changes.
func (c *Conn) Await(bytes int) {
	if c.tcp && bytes != c.lowat {
		c.lowat = bytes
		_ = unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_RCVLOWAT, bytes)
	}
}

// Pace bounds what the socket sends, in bytes a second, however much it is given (SO_MAX_PACING_RATE, socket(7)); 0 means
// no bound. TCP does the pacing itself, without a queueing discipline. If the kernel refuses, nothing changes.
func (c *Conn) Pace(bytesPerSecond uint64) {
	if !c.tcp {
		return
	}
	if bytesPerSecond == 0 {
		bytesPerSecond = math.MaxUint64
	}
	if bytesPerSecond < math.MaxUint32 { // 4 bytes of ones are "any rate"; 8 bytes are known since Linux 4.20
		_ = unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_MAX_PACING_RATE, int(bytesPerSecond))
		return
	}
	_ = unix.SetsockoptUint64(c.fd, unix.SOL_SOCKET, unix.SO_MAX_PACING_RATE, bytesPerSecond)
}

// Abort closes the connection with a reset: what is queued on either side is discarded (SO_LINGER 0, socket(7)).
func (c *Conn) Abort() error {
	_ = unix.SetsockoptLinger(c.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	return c.Close()
}

// Close closes the connection; the kernel still delivers what it has taken. (os.ErrClosed): it was already closed. All
// other methods fail afterwards.
func (c *Conn) Close() error {
	return closeOnce(&c.fd)
}

// Finish ends our side of the connection (shutdown(2)): the peer reads what is queued, then the end.
func (c *Conn) Finish() { _ = unix.Shutdown(c.fd, unix.SHUT_WR) }
