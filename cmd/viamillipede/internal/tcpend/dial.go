package tcpend

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

// Dial is the Taker that makes a connection to a host and a port, as in "example.org:22", within a time.
func Dial(to string, within time.Duration) Taker {
	return func(ctx context.Context) (*net.TCPConn, error) {
		d := net.Dialer{Timeout: within, Control: resets}
		d.SetMultipathTCP(false) // splice(2) does not know it
		c, err := d.DialContext(ctx, "tcp", to)
		switch {
		case err == nil:
			return c.(*net.TCPConn), nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		}
		return nil, reason(err)
	}
}

// resets makes whoever closes a socket reset its connection (SO_LINGER, socket(7)), from before there is one.
func resets(_, _ string, c syscall.RawConn) (err error) {
	failed := c.Control(func(fd uintptr) {
		err = syscall.SetsockoptLinger(int(fd), syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
	})
	return errors.Join(failed, err)
}

// reason is the part of a network error that is worth telling: the addresses are the user's own.
func reason(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Err != nil {
		return op.Err
	}
	return err
}
