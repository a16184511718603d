package netio

import (
	"context"
	"net"
	"net/netip"
	"strconv"
)

// Listen listens on the port of bind, or of every address of the machine, IPv6 and IPv4, when bind is the zero Addr.
func Listen(ctx context.Context, bind netip.Addr, port uint16) (*net.TCPListener, error) {
	host := ""
	if bind.IsValid() {
		host = bind.String()
	}
	lc := net.ListenConfig{KeepAlive: -1}
	lc.SetMultipathTCP(false)
	l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(int(port))))
	if err != nil {
		return nil, err
	}
	return l.(*net.TCPListener), nil
}
