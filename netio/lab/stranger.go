package lab

import (
	"context"
	"net"
)

// Dial connects to address (an IP address and a port) from a side. The connection belongs to the caller.
func (l *Lab) Dial(ctx context.Context, side Side, address string) (net.Conn, error) {
	var conn net.Conn
	err := l.sides[side].visit(func() (err error) {
		conn, err = new(net.Dialer).DialContext(ctx, "tcp", address)
		return err
	})
	return conn, err
}

// Listen listens on address (an IP address and a port, 0 for any) on a side. The listener belongs to the caller.
func (l *Lab) Listen(ctx context.Context, side Side, address string) (net.Listener, error) {
	var listener net.Listener
	err := l.sides[side].visit(func() (err error) {
		listener, err = new(net.ListenConfig).Listen(ctx, "tcp", address)
		return err
	})
	return listener, err
}

// Visit runs f on a thread of its own on a side and gives its error. What f opens stays on that side.
func (l *Lab) Visit(side Side, f func() error) error { return l.sides[side].visit(f) }
