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

// Visit runs f on a separate thread on a side and returns its error, which is not nil if f did not come back, for example
// after testing.T.FailNow. What f opens stays on that side. f sees the test's mounts even if Config.Sysfs is set.
func (l *Lab) Visit(side Side, f func() error) error { return l.sides[side].visit(f) }

// Do runs f on the side's own thread and returns its error. That thread lasts as long as the lab, so f may start
// processes that should end with it (PR_SET_PDEATHSIG), and must not wait.
func (l *Lab) Do(side Side, f func() error) error { return l.sides[side].do(f) }

// File names the network namespace of a side for other programs, for as long as the lab lasts.
func (l *Lab) File(side Side) string { return l.sides[side].file() }
