package dial

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var home = netip.MustParseAddr("127.0.0.1")

func listenGroup(t *testing.T, bind netip.Addr, n int) *Group {
	t.Helper()
	g, err := ListenGroup(t.Context(), bind, 0, n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	for _, l := range g.Listeners() {
		if err := l.SetDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

func (g *Group) port() uint16 { return g.listeners[0].Addr().(*net.TCPAddr).AddrPort().Port() }

// A group has its port for itself, whatever it shares within, and whoever is asked to share; and gives it back.
func TestGroupIsAlone(t *testing.T) {
	for _, bind := range []netip.Addr{home, {}} {
		for _, n := range []int{1, 3} {
			g := listenGroup(t, bind, n)
			if len(g.Listeners()) != n {
				t.Fatalf("%d listeners, want %d", len(g.Listeners()), n)
			}
			for _, l := range g.Listeners() {
				if l.Addr().String() != g.Listeners()[0].Addr().String() {
					t.Errorf("listeners at %v and %v", l.Addr(), g.Listeners()[0].Addr())
				}
			}
			for _, others := range []int{1, 2} {
				if other, err := ListenGroup(t.Context(), bind, g.port(), others); !errors.Is(err, unix.EADDRINUSE) {
					t.Errorf("beside a group of %d, another of %d: %v, %v", n, others, other, err)
				}
			}
			if other, err := Listen(t.Context(), bind, g.port()); !errors.Is(err, unix.EADDRINUSE) {
				t.Errorf("beside a group of %d, a listener: %v, %v", n, other, err)
			}
			if err := g.Close(); err != nil {
				t.Fatal(err)
			}
			again, err := ListenGroup(t.Context(), bind, g.port(), n)
			if err != nil {
				t.Fatalf("a group of %d closed, and its port is not free: %v", n, err)
			}
			again.Close()
		}
	}
}

// Of several groups that want a port at the same time, one gets it.
func TestGroupsRace(t *testing.T) {
	const rounds, groups = 50, 4
	for range rounds {
		l, err := Listen(t.Context(), home, 0)
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).AddrPort().Port()
		l.Close()
		type result struct {
			group *Group
			err   error
		}
		results := make(chan result, groups)
		for range groups {
			go func() {
				g, err := ListenGroup(t.Context(), home, port, 3)
				results <- result{g, err}
			}()
		}
		won := 0
		for range groups {
			r := <-results
			switch {
			case r.err == nil:
				won++
				defer r.group.Close() // at the end, when none tries any more
			case !errors.Is(r.err, unix.EADDRINUSE):
				t.Error(r.err)
			}
		}
		if won != 1 {
			t.Fatalf("%d groups have the port", won)
		}
	}
}

// A port that somebody listens on is no group's.
func TestGroupFindsListener(t *testing.T) {
	l, err := Listen(t.Context(), home, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).AddrPort().Port()
	if g, err := ListenGroup(t.Context(), home, port, 2); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("beside a listener, a group: %v, %v", g, err)
	}
	if g, err := ListenGroup(t.Context(), home, port, 0); err == nil {
		t.Errorf("a group of none: %v", g)
	}
}

// acceptor gives the number of the listener at which a new connection arrives.
func (g *Group) acceptor(t *testing.T) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	accepted := make(chan int, len(g.listeners))
	for i, l := range g.listeners {
		if err := l.SetDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		go func() {
			c, err := l.Accept()
			if err != nil {
				accepted <- -1
				return
			}
			c.Close()
			accepted <- i
		}()
	}
	c, err := Dialer{}.Dial(ctx, loopback(g.port()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	first := <-accepted
	for _, l := range g.listeners {
		if err := l.SetDeadline(time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	for range len(g.listeners) - 1 {
		if other := <-accepted; other >= 0 {
			t.Errorf("listeners %d and %d accepted, of one connection", first, other)
		}
	}
	return first
}

// The numbers of the listeners are those of the kernel, whatever the way; an owner that is none, and the kernel's hash, are
// for all of them. A group may be steered again and again.
func TestSteer(t *testing.T) {
	g := listenGroup(t, netip.Addr{}, 4)
	ways := []SteeringWay{SteerEBPF, SteerClassic}
	if got := g.Steer(0, nil); errors.Is(got.Why, unix.EPERM) {
		t.Log(got.Why)
		ways = ways[1:]
	}
	for range 2 {
		for _, way := range ways {
			for want := range g.Listeners() {
				got := g.SteerBy(way, 4096, func(int) int { return want })
				if got.Way != way || (got.Why == nil) != (way == SteerEBPF) {
					t.Fatalf("%v: %v, %v", way, got.Way, got.Why)
				}
				for range 8 {
					if l := g.acceptor(t); l != want {
						t.Fatalf("%v: listener %d accepted, want %d", way, l, want)
					}
				}
			}
			g.SteerBy(way, 4096, func(int) int { return -1 })
			g.spreads(t, way)
			g.SteerBy(way, 0, nil)
			g.spreads(t, way)
			g.SteerBy(way, 4096, func(int) int { return 0 })
		}
		if got := g.SteerBy(SteerHash, 1, func(int) int { return 0 }); got.Way != SteerHash || got.Why == nil {
			t.Fatalf("%v, %v", got.Way, got.Why)
		}
		g.spreads(t, SteerHash)
	}
}

// spreads demands that connections get to more than one listener: of so many, one in 4^31 times they would not.
func (g *Group) spreads(t *testing.T, way SteeringWay) {
	t.Helper()
	counts := make([]int, len(g.listeners))
	for range 32 {
		counts[g.acceptor(t)]++
	}
	for _, n := range counts {
		if n == 32 {
			t.Errorf("%v: no owner, and connections at the listeners are %v", way, counts)
		}
	}
}

// Owners that change with each CPU do not fit into a classic filter, if there are very many.
func TestSteerTooManyRanges(t *testing.T) {
	g := listenGroup(t, home, 2)
	for _, c := range []struct {
		cpus int
		want SteeringWay
	}{{1024, SteerClassic}, {2047, SteerClassic}, {2048, SteerHash}} {
		got := g.SteerBy(SteerClassic, c.cpus, func(cpu int) int { return cpu % 2 })
		if got.Way != c.want && !errors.Is(got.Why, unix.ENOMEM) {
			t.Errorf("%d owners: %v, %v; want %v", c.cpus, got.Way, got.Why, c.want)
		}
		if got.Way == SteerHash && !strings.Contains(got.Why.Error(), "classic BPF: ") {
			t.Errorf("why not is %q", got.Why)
		}
	}
	g.spreads(t, SteerHash)
}

func TestSteerOne(t *testing.T) {
	g := listenGroup(t, home, 1)
	if got := g.Steer(2, func(int) int { return 0 }); got.Way != SteerHash || got.Why == nil {
		t.Errorf("%v, %v", got.Way, got.Why)
	}
	if l := g.acceptor(t); l != 0 {
		t.Errorf("listener %d", l)
	}
}

func BenchmarkSteer(b *testing.B) {
	g, err := ListenGroup(b.Context(), home, 0, 16)
	if err != nil {
		b.Fatal(err)
	}
	defer g.Close()
	for way := SteerEBPF; way < SteerHash; way++ {
		b.Run(way.String(), func(b *testing.B) {
			for b.Loop() {
				if got := g.SteerBy(way, 128, func(cpu int) int { return cpu % 16 }); got.Way != way {
					b.Fatal(got.Why)
				}
			}
		})
	}
}

// What is refused is not used: without rights the classic filter is, and where sockets take no programs at all, the hash.
func TestSteerRefused(t *testing.T) {
	if unix.Geteuid() != 0 {
		t.Skip("not root: there are no rights to lose")
	}
	g := listenGroup(t, home, 2)
	one := func(int) int { return 1 }
	if got := bereft(t, func() Steering { return g.Steer(4096, one) }); got.Way != SteerClassic || !errors.Is(got.Why, unix.EPERM) {
		t.Errorf("without rights: %v, %v", got.Way, got.Why)
	}
	for range 8 {
		if l := g.acceptor(t); l != 1 {
			t.Errorf("listener %d accepted", l)
		}
	}

	g = listenGroup(t, home, 2)
	err := g.control(0, func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_LOCK_FILTER, 1) })
	if err != nil {
		t.Fatal(err)
	}
	if got := g.Steer(4096, one); got.Way != SteerHash || !errors.Is(got.Why, unix.EPERM) {
		t.Errorf("with locked sockets: %v, %v", got.Way, got.Why)
	}
	g.spreads(t, SteerHash)
}

// bereft runs f on a thread of its own without any rights.
func bereft(t *testing.T, f func() Steering) Steering {
	t.Helper()
	done := make(chan Steering, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&header, &none[0]); err != nil {
			done <- Steering{Why: err}
			return
		}
		done <- f()
	}()
	return <-done
}
