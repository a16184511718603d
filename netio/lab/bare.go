package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Bare is one plain TCP connection per path, each carrying as much as it can from TX to RX: what a network of several
// paths can carry, for comparison. They use the congestion control that the program uses on short paths (cubic).
type Bare struct {
	received []atomic.Int64 // bytes that the receiving process has read, by path
	ctx      context.Context
	end      context.CancelFunc
	all      sync.WaitGroup
	mu       sync.Mutex
	failed   error
}

// StartBare connects the given paths and starts to send on all of them. The caller must call Stop.
func (l *Lab) StartBare(ctx context.Context, paths ...int) (*Bare, error) {
	b := &Bare{received: make([]atomic.Int64, l.paths)}
	b.ctx, b.end = context.WithCancel(ctx)
	for _, i := range paths {
		tx, rx, err := l.pair(ctx, i)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("bare connection on path %d: %w", i, err), b.Stop())
		}
		b.all.Go(func() { b.send(tx) })
		b.all.Go(func() { b.receive(rx, &b.received[i]) })
	}
	return b, nil
}

// Received is how many bytes have come over path i.
func (b *Bare) Received(i int) int64 { return b.received[i].Load() }

// Stop ends the connections and waits for them. The error is the first that any of them met before Stop.
func (b *Bare) Stop() error {
	b.end()
	b.all.Wait()
	return b.failed
}

func (b *Bare) send(c net.Conn) {
	defer c.Close()
	defer cutAtEnd(b.ctx, c)()
	buf := make([]byte, block)
	for {
		if _, err := c.Write(buf); err != nil {
			b.note(err)
			return
		}
	}
}

func (b *Bare) receive(c net.Conn, received *atomic.Int64) {
	defer c.Close()
	defer cutAtEnd(b.ctx, c)()
	buf := make([]byte, block)
	for {
		n, err := c.Read(buf)
		received.Add(int64(n))
		if err != nil {
			b.note(err)
			return
		}
	}
}

// note keeps the error that ended a connection early.
func (b *Bare) note(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ctx.Err() == nil && b.failed == nil {
		b.failed = err
	}
}

// pair makes one connection over path i. What is still queued when it is closed is discarded: a slow path would take
// seconds to send it.
func (l *Lab) pair(ctx context.Context, i int) (tx, rx net.Conn, err error) {
	listener, err := l.Listen(ctx, RX, net.JoinHostPort(l.Address(RX, i), "0"))
	if err != nil {
		return nil, nil, err
	}
	defer listener.Close()
	err = l.sides[TX].visit(func() error {
		tx, err = (&net.Dialer{Control: cubic}).DialContext(ctx, "tcp", listener.Addr().String())
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if err = listener.(*net.TCPListener).SetDeadline(time.Now().Add(acceptTime)); err == nil {
		rx, err = listener.Accept()
	}
	if err != nil {
		tx.Close()
		return nil, nil, err
	}
	for _, c := range []net.Conn{tx, rx} {
		_ = c.(*net.TCPConn).SetLinger(0)
	}
	return tx, rx, nil
}

// acceptTime bounds the wait for a connection whose other end already exists.
const acceptTime = 30 * time.Second

// cubic sets the congestion control before the handshake, since pacing once switched on stays on.
func cubic(_, _ string, raw syscall.RawConn) error {
	var set error
	err := raw.Control(func(fd uintptr) {
		set = os.NewSyscallError("setsockopt TCP_CONGESTION",
			syscall.SetsockoptString(int(fd), syscall.IPPROTO_TCP, syscall.TCP_CONGESTION, "cubic"))
	})
	return errors.Join(err, set)
}
