package dial

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/netio"
)

// patience bounds every wait of the tests.
const patience = 30 * time.Second

// descriptors counts those of this process.
func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func TestCheckCongestion(t *testing.T) {
	for _, name := range []string{"", "auto", "system", systemCongestion()} {
		if err := CheckCongestion(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := CheckCongestion("spoon"); err == nil {
		t.Error("the kernel knows spoon")
	}
}

func loopback(port uint16) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)
}

func TestDialFails(t *testing.T) {
	l, err := Listen(t.Context(), netip.Addr{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	port := uint16(l.Addr().(*net.TCPAddr).Port)
	if _, err := Listen(t.Context(), netip.Addr{}, port); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("a second listener: %v", err)
	}
	l.Close()
	if _, err := (Dialer{}).Dial(t.Context(), loopback(port)); !netio.Refused(err) {
		t.Errorf("nobody there: %v", err)
	}
	if _, err := (Dialer{Bind: netip.MustParseAddr("198.18.255.254")}).Dial(t.Context(), loopback(port)); !errors.Is(err, unix.EADDRNOTAVAIL) {
		t.Errorf("no such local address: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Dialer{}).Dial(ctx, loopback(port)); !errors.Is(err, context.Canceled) || netio.Refused(err) {
		t.Errorf("cancelled: %v", err)
	}
}

// A device that is not there is the machine's lack, and one that is there carries the connection.
func TestDialByDevice(t *testing.T) {
	l, err := Listen(t.Context(), netip.MustParseAddr("127.0.0.1"), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	to := loopback(uint16(l.Addr().(*net.TCPAddr).Port))
	_, err = Dialer{Device: "nosuchdevice"}.Dial(t.Context(), to)
	if !errors.Is(err, unix.ENODEV) || !strings.Contains(err.Error(), "device nosuchdevice: no such device") {
		t.Errorf("no such device: %v", err)
	}
	c, err := Dialer{Device: "lo", Bind: netip.MustParseAddr("127.0.0.2")}.Dial(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if from := c.LocalAddr().(*net.TCPAddr).IP.String(); from != "127.0.0.2" {
		t.Errorf("it comes from %s", from)
	}
	conn, err := netio.Detach(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	got, err := unix.GetsockoptString(conn.FD(), unix.SOL_SOCKET, unix.SO_BINDTODEVICE)
	if err != nil || strings.TrimRight(got, "\x00") != "lo" {
		t.Errorf("device %q, %v", got, err)
	}
	if got, err := unix.GetsockoptInt(conn.FD(), unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT); err != nil || got != 1 {
		t.Errorf("IP_BIND_ADDRESS_NO_PORT %d, %v", got, err)
	}
}
