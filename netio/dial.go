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

// Dialer makes connections to a peer.
type Dialer struct {
	Bind       netip.Addr // local address; the zero Addr is any
	Congestion string     // "auto", "system" or a name that the kernel knows
}

// Dial connects to host (a name or an address; all addresses of a name are tried in the resolver's order). It blocks until
// ctx ends at the latest; the caller owns the connection.
func (d Dialer) Dial(ctx context.Context, host string, port uint16) (*net.TCPConn, error) {
	nd := net.Dialer{KeepAlive: -1, Control: d.control}
	nd.SetMultipathTCP(false)
	if d.Bind.IsValid() {
		nd.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(d.Bind, 0))
	}
	nc, err := nd.DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(int(port))))
	if err != nil {
		return nil, err
	}
	return nc.(*net.TCPConn), nil
}

// control sets the congestion control before the handshake. "auto" begins without pacing, since pacing that was once
// switched on stays on, and leaves the rest to Settle.
func (d Dialer) control(_, _ string, rc syscall.RawConn) error {
	var set error
	err := rc.Control(func(fd uintptr) {
		switch d.Congestion {
		case "", "system":
		case "auto":
			unpace(int(fd))
		default:
			set = setCongestion(int(fd), d.Congestion)
		}
	})
	return errors.Join(err, set)
}

// unpace takes a congestion control that paces, the system's default for the new socket, away from it.
func unpace(fd int) {
	if strings.HasPrefix(congestionOf(fd), "bbr") {
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
