package sockstats

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"viamillipede/netio/bpf"
	"viamillipede/netio/lab"
)

// patience bounds every wait of a test.
const patience = 30 * time.Second

// open gives a collector for connections to and from the port; the test is skipped where BPF is not allowed.
func open(t testing.TB, port uint16) *Collector {
	t.Helper()
	c, err := Open(Config{Local: []uint16{port}, Remote: []uint16{port}})
	if errors.Is(err, bpf.ErrNotPermitted) {
		t.Skipf("no permission for BPF: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// needsOps skips the test where sock_ops is not at work.
func needsOps(t testing.TB, c *Collector) {
	t.Helper()
	if err := c.Ops(); err != nil {
		t.Skipf("no sock_ops: %v", err)
	}
}

func attach(t testing.TB, c *Collector, s *socket) *Link {
	t.Helper()
	l, err := c.Attach(s.fd)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// socket is one end of a TCP connection.
type socket struct {
	*net.TCPConn
	fd int // its own, for as long as the test lasts
}

func newSocket(t testing.TB, c net.Conn) *socket {
	t.Helper()
	s := &socket{TCPConn: c.(*net.TCPConn)}
	raw, err := s.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) { s.fd = int(fd) }); err != nil {
		t.Fatal(err)
	}
	s.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { s.Close() })
	return s
}

func (s *socket) info(t testing.TB) *unix.TCPInfo {
	t.Helper()
	i, err := unix.GetsockoptTCPInfo(s.fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// quiet waits until the peer's kernel has acknowledged everything.
func (s *socket) quiet(t testing.TB) {
	t.Helper()
	until(t, "everything is acknowledged", func() bool {
		n, err := unix.IoctlGetInt(s.fd, unix.SIOCOUTQ)
		return err == nil && n == 0
	})
}

// until looks again and again, for a bounded time.
func until(t testing.TB, what string, true func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !true(); {
		if time.Now().After(end) {
			t.Fatalf("waited too long until %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// place is a side of a lab; nil is the test's own network.
type place struct {
	*lab.Lab
	side lab.Side
}

// do runs f there, on a thread that ends afterwards.
func (p *place) do(f func() error) error {
	if p == nil {
		return f()
	}
	return p.Visit(p.side, f)
}

// The far end of a cable, and the device at each of its ends.
const (
	farAddr     = "198.18.0.2"
	cableDevice = "p0"
)

// cable is two hosts and a path with so many queues between them.
func cable(t testing.TB, queues int) (near, far *place) {
	t.Helper()
	l := lab.New(t, lab.Config{Paths: 1, Queues: queues})
	return &place{l, lab.TX}, &place{l, lab.RX}
}

// statistics are what the device has counted.
func (p *place) statistics(t testing.TB) (s netlink.LinkStatistics, index int) {
	t.Helper()
	err := p.do(func() error {
		dev, err := netlink.LinkByName(cableDevice)
		if err != nil {
			return err
		}
		s, index = *dev.Attrs().Statistics, dev.Attrs().Index
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, index
}

// listen gives a listener on any port.
func (p *place) listen(t testing.TB, at string) (*net.TCPListener, uint16) {
	t.Helper()
	var l net.Listener
	err := p.do(func() (err error) {
		lc := net.ListenConfig{}
		lc.SetMultipathTCP(false)
		l, err = lc.Listen(context.Background(), "tcp4", at+":0")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.(*net.TCPListener), netip.MustParseAddrPort(l.Addr().String()).Port()
}

// connect makes a connection from the namespace to the listener.
func (p *place) connect(t testing.TB, l *net.TCPListener) (from, to *socket) {
	t.Helper()
	var c net.Conn
	err := p.do(func() (err error) {
		c, err = net.DialTimeout("tcp4", l.Addr().String(), patience)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	from = newSocket(t, c)
	l.SetDeadline(time.Now().Add(patience))
	a, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return from, newSocket(t, a)
}

// carry sends so many bytes, in pieces of several sizes.
func carry(from, to *socket, size int) error {
	sent := make(chan error, 1)
	go func() {
		piece := make([]byte, 1<<20)
		for i, left := 0, size; left > 0; i++ {
			n, err := from.Write(piece[:min(left, 1<<(i*7%21))])
			if left -= n; err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	n, err := io.CopyN(io.Discard, io.MultiReader(to), int64(size))
	if err != nil {
		err = fmt.Errorf("%d of %d bytes came: %w", n, size, err)
	}
	return errors.Join(err, <-sent)
}

func mustCarry(t testing.TB, from, to *socket, size int) {
	t.Helper()
	if err := carry(from, to, size); err != nil {
		t.Fatal(err)
	}
}

// asNobody runs f with neither root's user nor its rights, on a thread that ends afterwards.
func asNobody(f func() error) error {
	result := make(chan error)
	go func() {
		runtime.LockOSThread()
		const nobody = 65534
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, nobody, nobody, nobody); errno != 0 {
			result <- errno
			return
		}
		result <- f()
	}()
	return <-result
}
