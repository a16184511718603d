package dial

import (
	"context"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// passed is a descriptor as after an exec: without close-on-exec. The test closes it.
func passed(t *testing.T, of syscall.Conn) Passed {
	t.Helper()
	rc, err := of.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var fd int
	if err := control(rc, func(own int) (err error) { fd, err = unix.Dup(own); return err }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return Passed{FD: fd, Name: "test.socket"}
}

func listenerAt(t *testing.T, at string) *net.TCPListener {
	t.Helper()
	l, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.(*net.TCPListener)
}

// calls connects to a port, and has the group take that.
func calls(t *testing.T, g *Group, port uint16) {
	t.Helper()
	c, err := net.Dial("tcp", netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port).String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	in, err := g.Listeners()[0].Accept()
	if err != nil {
		t.Fatal(err)
	}
	in.Close()
}

// An inherited socket outlives the groups that are made of it, one after the other; closing a group ends the connections that nobody
// has accepted; a socket that no longer listens is made to do so again, at its port.
func TestInherit(t *testing.T) {
	l := listenerAt(t, ":0")
	p := passed(t, l)
	h, err := Inherit([]Passed{p})
	if err != nil {
		t.Fatal(err)
	}
	if flags, _ := unix.FcntlInt(uintptr(p.FD), unix.F_GETFD, 0); flags&unix.FD_CLOEXEC == 0 {
		t.Error("children get the descriptor")
	}
	if at := uint16(l.Addr().(*net.TCPAddr).Port); h.Port() != at || !h.At(netip.Addr{}) || h.At(netip.MustParseAddr("192.0.2.1")) {
		t.Errorf("port %d, want %d", h.Port(), at)
	}
	for range 2 {
		g, err := h.Listen(t.Context(), netip.Addr{}, 0, 2)
		if err != nil {
			t.Fatal(err)
		}
		calls(t, g, h.Port())
		if s := g.Steer(2, func(int) int { return 0 }); s.Way != SteerHash || s.Why != errForeign || g.Stale() {
			t.Errorf("steered by %v: %v", s.Way, s.Why)
		}
		late, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := late.Read(make([]byte, 1)); err == nil {
			t.Error("a connection that nobody took is still there")
		}
		late.Close()
	}
}

// The port of a socket that was bound to it, as a service manager does, is still its own when it listens again.
func TestInheritedListensAgain(t *testing.T) {
	probe := listenerAt(t, "127.0.0.1:0")
	at := probe.Addr().String()
	probe.Close()
	l := listenerAt(t, at)
	p := passed(t, l)
	h, err := Inherit([]Passed{p})
	if err != nil {
		t.Fatal(err)
	}
	g, err := h.Listen(t.Context(), netip.Addr{}, 0, 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Shutdown(p.FD, unix.SHUT_RD); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Listeners()[0].Accept(); !ListenerGone(err) {
		t.Fatalf("the listener is not gone: %v", err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	if g, err = h.Listen(t.Context(), netip.Addr{}, 0, 2); err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	calls(t, g, h.Port())
}

// What is no listening TCP socket of the one port is named, and why.
func TestInheritOther(t *testing.T) {
	l := listenerAt(t, "127.0.0.1:0")
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	udp, err := net.ListenUDP("udp", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	local, err := (&net.ListenConfig{}).Listen(context.Background(), "unix", filepath.Join(t.TempDir(), "socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	own := passed(t, l)
	unix.CloseOnExec(own.FD)
	for _, x := range []struct {
		of   []Passed
		want string
	}{
		{[]Passed{{FD: 1 << 19}}, "is not open"},
		{[]Passed{own}, "is not open"},
		{[]Passed{passed(t, file)}, "is not a socket"},
		{[]Passed{passed(t, udp)}, "is not a TCP socket"},
		{[]Passed{passed(t, local.(*net.UnixListener))}, "is not a TCP socket"},
		{[]Passed{passed(t, c.(*net.TCPConn))}, "does not listen"},
		{[]Passed{passed(t, l), passed(t, listenerAt(t, "127.0.0.1:0"))}, "one port is expected"},
	} {
		h, err := Inherit(x.of)
		if err == nil || !strings.Contains(err.Error(), x.want) || !strings.HasPrefix(err.Error(), x.of[0].String()) {
			t.Errorf("%v: %v, %v, want %q", x.of, h, err, x.want)
		}
	}
}

// A listener of this program's own goes on as an inherited one, once it is closed itself.
func TestAdopt(t *testing.T) {
	l := listenerAt(t, ":0")
	port := l.Addr().(*net.TCPAddr).AddrPort().Port()
	h, err := Adopt(l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(h.fds[0]) })
	if h.Port() != port || !h.At(netip.Addr{}) || h.At(netip.MustParseAddr("127.0.0.1")) {
		t.Errorf("port %d, want %d; at %v", h.Port(), port, h.at)
	}
	if flags, err := unix.FcntlInt(uintptr(h.fds[0]), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Error("children get it")
	}
	for range 2 {
		g, err := h.Listen(context.Background(), netip.Addr{}, port, 4)
		if err != nil {
			t.Fatal(err)
		}
		calls(t, g, port)
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := Adopt(l); err == nil {
		t.Error("a listener that is closed")
	}
}
