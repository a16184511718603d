package dial

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"syscall"
)

// Listen listens on the port of bind, or of every address of the machine, IPv6 and IPv4, when bind is the zero Addr. See
// NotThere for an address that this machine does not have.
func Listen(ctx context.Context, bind netip.Addr, port uint16) (*net.TCPListener, error) {
	return listen(ctx, bind, port, nil)
}

// listen is Listen with a function, or nil, that prepares the socket before it is bound.
func listen(ctx context.Context, bind netip.Addr, port uint16, prepare func(fd int) error) (*net.TCPListener, error) {
	host := ""
	bind, err := ZoneNow(bind)
	if err != nil {
		return nil, err
	}
	if bind.IsValid() {
		host = bind.String()
	}
	lc := net.ListenConfig{KeepAlive: -1}
	lc.SetMultipathTCP(false)
	if prepare != nil {
		lc.Control = func(_, _ string, rc syscall.RawConn) error { return control(rc, prepare) }
	}
	l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(int(port))))
	if err != nil {
		return nil, err
	}
	return l.(*net.TCPListener), nil
}

// control runs f with the descriptor, which stays open meanwhile.
func control(rc syscall.RawConn, f func(fd int) error) error {
	var failed error
	err := rc.Control(func(fd uintptr) { failed = f(int(fd)) })
	return errors.Join(err, failed)
}
