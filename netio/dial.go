package netio

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// shortPath is the round trip below which a pacing congestion control costs more than it gives: on loopback bbr's pacing
// alone holds a connection at less than half of what cubic carries.
const shortPath = time.Millisecond

// Dialer makes connections to a peer.
type Dialer struct {
	Bind       netip.Addr // local address; the zero Addr is any
	Congestion string     // "auto", "system" or a name that the kernel knows
}

// Dial connects to host (a name or an address; all addresses of a name are tried in the resolver's order) and says which
// congestion control the connection has, and why. It blocks until ctx ends at the latest; the caller owns the connection.
func (d Dialer) Dial(ctx context.Context, host string, port uint16) (c *net.TCPConn, why string, err error) {
	nd := net.Dialer{KeepAlive: -1, Control: d.control}
	nd.SetMultipathTCP(false)
	if d.Bind.IsValid() {
		nd.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(d.Bind, 0))
	}
	nc, err := nd.DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(int(port))))
	if err != nil {
		return nil, "", err
	}
	c = nc.(*net.TCPConn)
	return c, d.settle(c), nil
}

// control sets the congestion control before the handshake, since pacing that was once switched on stays on.
func (d Dialer) control(_, _ string, rc syscall.RawConn) error {
	name := d.Congestion
	switch name {
	case "", "system":
		return nil
	case "auto":
		name = unpaced()
	}
	if name == "" {
		return nil
	}
	var set error
	err := rc.Control(func(fd uintptr) {
		set = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, name)
	})
	if d.Congestion == "auto" {
		return err
	}
	return errors.Join(err, os.NewSyscallError("setsockopt TCP_CONGESTION "+name, set))
}

// settle gives a path that turned out to be long back to the system's congestion control.
func (d Dialer) settle(c *net.TCPConn) (why string) {
	raw, err := c.SyscallConn()
	if err != nil {
		return ""
	}
	_ = raw.Control(func(fd uintptr) {
		info := tcpInfo(int(fd))
		if d.Congestion != "auto" {
			why = fmt.Sprintf("congestion control %s, as asked (%s)", info.Congestion, d.Congestion)
			return
		}
		system := systemCongestion()
		if info.RTT >= shortPath && system != "" && system != info.Congestion {
			_ = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, system)
			info = tcpInfo(int(fd))
		}
		why = fmt.Sprintf("congestion control %s: round trip %v, the system's default is %s",
			info.Congestion, info.RTT, system)
	})
	return why
}

// unpaced names a congestion control to use instead of a system default that paces, or "".
func unpaced() string {
	if !strings.HasPrefix(systemCongestion(), "bbr") {
		return ""
	}
	return "cubic"
}

func systemCongestion() string { return sysctl("net/ipv4/tcp_congestion_control") }

func sysctl(name string) string {
	b, err := os.ReadFile("/proc/sys/" + name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
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
			name, err, sysctl("net/ipv4/tcp_available_congestion_control"))
	}
	return nil
}
