package dial

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Dialer makes connections to a peer.
type Dialer struct {
	Device     string     // connections leave by this device; "" leaves it to the routes
	Bind       netip.Addr // local address; the zero Addr means any
	Port       uint16     // local port, shared with connections to other peers; 0 lets the kernel choose
	Congestion string     // "auto", "system" or a name that the kernel knows
}

// Dial connects to one address. It blocks until ctx ends at the latest; the caller owns the connection. ENODEV: there is
// no such device now. EADDRNOTAVAIL: there is no such local address. For the port see PortTaken.
func (d Dialer) Dial(ctx context.Context, to netip.AddrPort) (*net.TCPConn, error) {
	nd := net.Dialer{KeepAlive: -1, Control: d.control}
	nd.SetMultipathTCP(false)
	addr, err := ZoneNow(to.Addr())
	if err != nil {
		return nil, err
	}
	if d.Bind.IsValid() || d.Port != 0 {
		bind, err := ZoneNow(d.Bind)
		if err != nil {
			return nil, err
		}
		nd.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(bind, d.Port))
	}
	nc, err := nd.DialContext(ctx, "tcp", netip.AddrPortFrom(addr, to.Port()).String())
	if err != nil {
		return nil, err
	}
	return nc.(*net.TCPConn), nil
}

// control prepares the socket before it is bound and connected.
func (d Dialer) control(_, _ string, rc syscall.RawConn) error {
	return control(rc, d.prepare)
}

// prepare sets the device, and the congestion control before the handshake. "auto" begins without pacing, since pacing
// once switched on stays on; Settle does the rest.
func (d Dialer) prepare(fd int) error {
	switch {
	case d.Port != 0:
		// Share the port with others that allow it: links to another peer, and what is left of links that have ended.
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return os.NewSyscallError("setsockopt SO_REUSEADDR", err)
		}
	case d.Bind.IsValid():
		// Many links from one address: the port is chosen when the peer is known, so that links to two peers may share
		// one. If refused, each link has a port of its own.
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	}
	if err := bindToDevice(fd, d.Device); err != nil {
		return err
	}
	return congest(fd, d.Congestion)
}

// bindToDevice makes the socket use one device only (SO_BINDTODEVICE, socket(7)).
func bindToDevice(fd int, device string) error {
	if device == "" {
		return nil
	}
	err := unix.SetsockoptString(fd, unix.SOL_SOCKET, unix.SO_BINDTODEVICE, device)
	if err == unix.EPERM {
		return fmt.Errorf("device %s: %w: before Linux 5.7, choosing one needs CAP_NET_RAW", device, err)
	}
	if err != nil {
		return fmt.Errorf("device %s: %w", device, err)
	}
	return nil
}
