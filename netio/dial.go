package netio

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/netio/host"
)

// Dialer makes connections to a peer.
type Dialer struct {
	Device     string     // they leave by this device; "" is whichever the routes say
	Bind       netip.Addr // local address; the zero Addr is any
	Port       uint16     // local port, shared with connections to elsewhere; 0 is the kernel's choice
	Congestion string     // "auto", "system" or a name that the kernel knows
}

// Dial connects to one address. It blocks until ctx ends at the latest; the caller owns the connection. ENODEV
// is that there is no such device now, EADDRNOTAVAIL that there is no such local address; see PortTaken for the port.
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
// that was once switched on stays on, and leaves the rest to Settle.
func (d Dialer) prepare(fd int) error {
	switch {
	case d.Port != 0:
		// Others that let us may have it too: links to another peer, and what is left of links that have ended.
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return os.NewSyscallError("setsockopt SO_REUSEADDR", err)
		}
	case d.Bind.IsValid():
		// Many links from one address: the port is chosen when the peer is known, so that links to two peers may share
		// one. Refused: each link has a port of its own.
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	}
	if err := bindToDevice(fd, d.Device); err != nil {
		return err
	}
	switch d.Congestion {
	case "", "system":
	case "auto":
		unpace(fd)
	default:
		return setCongestion(fd, d.Congestion)
	}
	return nil
}

// bindToDevice has the socket use one device only (SO_BINDTODEVICE, socket(7)).
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

// defaultCongestion is the system's default, as the last new socket had it; nil: none was asked.
var defaultCongestion atomic.Pointer[string]

// unpace takes a congestion control that paces, the system's default for the new socket, away from it.
func unpace(fd int) {
	name := congestionOf(fd)
	defaultCongestion.Store(&name)
	if strings.HasPrefix(name, "bbr") {
		_ = setCongestion(fd, "cubic") // refused: slower on a short path, and shown by Settle
	}
}

func congestionOf(fd int) string {
	name, _ := unix.GetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION)
	return strings.TrimRight(name, "\x00")
}

func setCongestion(fd int, name string) error {
	err := unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION, name)
	return os.NewSyscallError("setsockopt TCP_CONGESTION "+name, err)
}

// shortPath is the round trip below which a pacing congestion control costs more than it gives: on loopback bbr's pacing
// alone holds a connection at less than half of what cubic carries.
const shortPath = time.Millisecond

// Settle decides for a connection dialled with the congestion control asked for, once it has carried something: a
// single round trip says little on a busy machine. With "auto" a long path goes back to the system's choice. why is a line
// for the user; it is empty as long as nothing was measured, and then Settle is to be called again.
func (c *Conn) Settle(asked string) (why string) {
	i := c.Info()
	if i.RTT == 0 || i.MinRTT == 0 {
		return ""
	}
	if asked != "auto" {
		return fmt.Sprintf("congestion control %s, as asked (%s)", i.Congestion, asked)
	}
	system := systemCongestion()
	if i.MinRTT >= shortPath && system != "" && system != i.Congestion {
		_ = setCongestion(c.fd, system) // refused: the present one does as well
		i = c.Info()
	}
	return fmt.Sprintf("congestion control %s: least round trip %v, the system's default is %s",
		i.Congestion, i.MinRTT, system)
}

func systemCongestion() string {
	if name := defaultCongestion.Load(); name != nil {
		return *name
	}
	return host.System.Sysctl("net.ipv4.tcp_congestion_control")
}

// CheckCongestion reports, before anything is opened, that the kernel does not know the congestion control name, or that
// this user may not choose it. "auto" and "system" are always fine.
func CheckCongestion(name string) error {
	if name == "" || name == "auto" || name == "system" {
		return nil
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION, name); err != nil {
		return fmt.Errorf("congestion control %q cannot be used (%w); the kernel offers: %s",
			name, err, host.System.Sysctl("net.ipv4.tcp_available_congestion_control"))
	}
	return nil
}
