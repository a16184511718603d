package tcpend

import (
	"context"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
)

// Taker takes a connection, or makes one, which whoever closes it resets. An error of ctx: it has ended before.
type Taker func(ctx context.Context) (*net.TCPConn, error)

// End is a connection as the source of a sender, the sink of a receiver, or both. It has its descriptors from the start, so that they
// can be handed over, and there is nothing to read from them, or to tell of them, until it is Open. Its methods may be called by any
// goroutine.
type End struct {
	take   Taker
	source int // what is to be sent is read there; -1: nothing is
	sink   int // what is received is written there; -1: nothing is
	idle   int // the peer of both until the connection takes their place: one that says nothing

	opened atomic.Bool

	mu      sync.Mutex
	conn    *net.TCPConn   // nil: there is none yet. Guarded by mu, as is all below
	failure error          // why there is none, for good
	ended   bool           // our side of it
	rest    sync.WaitGroup // what comes in on a connection that is no source is read and dropped
}

// New prepares an end, which reads from the connection what is to be sent, writes to it what is received, or both.
func New(take Taker, reads, writes bool) (*End, error) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	e := &End{take: take, source: -1, sink: pair[0], idle: pair[1]}
	switch {
	case !writes:
		e.source, e.sink = pair[0], -1
	case reads:
		if e.source, err = duplicate(pair[0]); err != nil {
			e.Close(false)
			return nil, err
		}
	}
	return e, nil
}

// duplicate is fcntl(2) with F_DUPFD_CLOEXEC.
func duplicate(fd int) (int, error) {
	n, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_DUPFD_CLOEXEC, 3)
	if errno != 0 {
		return -1, os.NewSyscallError("fcntl", errno)
	}
	return int(n), nil
}

// Source is the descriptor that what is to be sent is read from, and Sink the one that what is received is written to; -1: there is
// none. They stay the End's.
func (e *End) Source() int { return e.source }

// Sink is described at Source.
func (e *End) Sink() int { return e.sink }

// Open has the connection taken, or made, and puts it in the place of the descriptors; after the first time it only says how that
// went. Errors: why there is no connection; that of ctx, and then it may be called again.
func (e *End) Open(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.conn != nil || e.failure != nil {
		return e.failure
	}
	c, err := e.take(ctx)
	if err == nil {
		err = e.place(c)
	}
	if err != nil && ctx.Err() == nil {
		e.failure = err
	}
	return err
}

// Opened reports whether there is a connection.
func (e *End) Opened() bool { return e.opened.Load() }

// place puts a connection in the place of the descriptors; under mu.
func (e *End) place(c *net.TCPConn) error {
	if err := e.replace(c); err != nil {
		c.Close()
		return err
	}
	e.conn = c
	e.opened.Store(true)
	if e.source < 0 {
		e.rest.Go(func() { _, _ = io.Copy(io.Discard, c) }) // its peer is not to wait for us
	}
	return nil
}

// replace makes both descriptors stand for a connection.
func (e *End) replace(c *net.TCPConn) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		for _, at := range []int{e.source, e.sink} {
			if at >= 0 && failed == nil {
				failed = os.NewSyscallError("dup3", syscall.Dup3(int(fd), at, syscall.O_CLOEXEC))
			}
		}
	})
	if err != nil {
		return err
	}
	return failed
}

// Whole says whether what was read from the source, up to its end, is all that the peer of the connection sent; nil: it has ended its
// side.
//
// The kernel tells of a reset once (SO_ERROR, socket(7)): when the sink has heard of it, the source only sees an end. But a connection that
// is there no more (ENOTCONN, getpeername(2)) although we have not ended our side of it was reset.
func (e *End) Whole() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return nil
	}
	if _, err := syscall.Getpeername(e.source); err == syscall.ENOTCONN {
		return syscall.ECONNRESET
	}
	return nil
}

// End ends our side of the connection, once the sink has been written and closed. Errors: the connection is there no more.
func (e *End) End() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.conn == nil {
		return net.ErrClosed
	}
	e.ended = true
	return e.conn.CloseWrite()
}

// Close closes the connection, if there is one, and the descriptors. Unless all is well, the peer of the connection gets a reset. Nobody may use the descriptors.
func (e *End) Close(well bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.conn != nil {
		if well {
			_ = e.conn.SetLinger(-1)
		}
		e.conn.Close()
		e.rest.Wait()
	}
	for _, fd := range []*int{&e.source, &e.sink, &e.idle} {
		if *fd >= 0 {
			_ = syscall.Close(*fd)
		}
		*fd = -1
	}
}
