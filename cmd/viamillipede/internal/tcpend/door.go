package tcpend

import (
	"context"
	"net"
	"time"
)

// Door is a port on which connections are taken.
type Door struct{ listener *net.TCPListener }

// Listen opens a door at an address and a port, as in "127.0.0.1:22". The caller closes it. Errors: that of the system.
func Listen(at string) (*Door, error) {
	var c net.ListenConfig
	c.SetMultipathTCP(false) // splice(2) does not know it
	c.Control = resets       // as those do that are taken
	l, err := c.Listen(context.Background(), "tcp", at)
	if err != nil {
		return nil, reason(err)
	}
	return &Door{l.(*net.TCPListener)}, nil
}

// Take waits for a connection and takes it; it is then the caller's, who resets it by closing it. Errors: the cause of ctx's end; that of the system.
func (d *Door) Take(ctx context.Context) (*net.TCPConn, error) {
	defer context.AfterFunc(ctx, func() { _ = d.listener.SetDeadline(time.Unix(0, 1)) })()
	c, err := d.listener.AcceptTCP()
	switch {
	case err == nil:
		return c, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	return nil, reason(err)
}

// Close closes the door: connections that were not taken are reset.
func (d *Door) Close() { d.listener.Close() }
