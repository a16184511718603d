package dial

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/netio"
	"viamillipede/netio/host"
)

// defaultCongestion is the system's default, as seen on the last new socket; nil if none has been seen.
var defaultCongestion atomic.Pointer[string]

// unpace replaces the system's default on a new socket if it is a congestion control that paces.
func unpace(fd int) {
	name := netio.CongestionOf(fd)
	defaultCongestion.Store(&name)
	if strings.HasPrefix(name, "bbr") {
		_ = setCongestion(fd, "cubic") // if refused, a short path is slower, and Settle shows it
	}
}

// congest sets the congestion control asked for on a socket that is not connected yet.
func congest(fd int, asked string) error {
	switch asked {
	case "", "system":
		return nil
	case "auto":
		unpace(fd)
		return nil
	}
	return setCongestion(fd, asked)
}

func setCongestion(fd int, name string) error {
	err := unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION, name)
	return os.NewSyscallError("setsockopt TCP_CONGESTION "+name, err)
}

// shortPath is the round trip below which a pacing congestion control costs more than it gives: on loopback bbr's pacing
// alone holds a connection at less than half of what cubic carries.
const shortPath = time.Millisecond

// Congestion is the congestion control of a connection, and why it was chosen.
type Congestion struct {
	Name   string
	Asked  string        // what was asked for; "auto" chooses by the least round trip
	MinRTT time.Duration // set for "auto"
	System string        // likewise; the system's default
}

// Settle decides for a connection dialled with the congestion control asked for, once it has carried something: a single
// round trip says little on a busy machine. With "auto" a long path goes back to the system's choice. known is false
// until something has been measured: call Settle again then.
func Settle(c *netio.Conn, asked string) (chosen Congestion, known bool) {
	i := c.Info()
	if i.RTT == 0 || i.MinRTT == 0 {
		return Congestion{}, false
	}
	if asked != "auto" {
		return Congestion{Name: i.Congestion, Asked: asked}, true
	}
	system := systemCongestion()
	if i.MinRTT >= shortPath && system != "" && system != i.Congestion {
		_ = setCongestion(c.FD(), system) // if refused, the present one will do
		i = c.Info()
	}
	return Congestion{i.Congestion, asked, i.MinRTT, system}, true
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
