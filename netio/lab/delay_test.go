package lab

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// buildTime bounds a build, of which nothing may be there yet.
const buildTime = 3 * time.Minute

// delayProgram builds tools/delay.
func delayProgram(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "delay")
	ctx, cancel := context.WithTimeout(t.Context(), buildTime)
	defer cancel()
	out, err := exec.CommandContext(ctx, "go", "build", "-o", file, "viamillipede/tools/delay").CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return file
}

// withDelays makes a lab of one veth path and delayed ones.
func withDelays(t *testing.T, delays ...Delay) *Lab {
	t.Helper()
	New(t, Config{}) // not root: one line, and nothing is built
	return New(t, Config{Paths: 1, Delayed: delays, DelayProgram: delayProgram(t)})
}

func TestDelayedPathsBesideOthers(t *testing.T) {
	t.Parallel()
	const n = 20
	l := withDelays(t, Delay{RoundTrip: 30 * time.Millisecond}, Delay{RoundTrip: 60 * time.Millisecond})
	for i, want := range []time.Duration{0, 30 * time.Millisecond, 60 * time.Millisecond} {
		a, b := connect(t, l, i)
		var took []time.Duration
		for range n {
			start := time.Now()
			if !hears(t, a, b, testTime) || !hears(t, b, a, testTime) {
				t.Fatalf("path %d is silent", i)
			}
			took = append(took, time.Since(start))
		}
		slices.Sort(took)
		t.Logf("path %d of %v: least %v, median %v, most %v", i, want, took[0], took[n/2], took[n-1])
		if took[0] < want-time.Millisecond || took[0] > want+10*time.Millisecond {
			t.Errorf("path %d: %v at the least, want %v", i, took[0], want)
		}
	}
}

func TestDelayedPathLosesPackets(t *testing.T) {
	t.Parallel()
	const n, loss = 4000, 0.05
	l := withDelays(t, Delay{RoundTrip: 2 * time.Millisecond, Loss: loss, Queue: 4 << 20, Seed: 1})
	send, receive := l.datagrams(t, 1)
	got := make(chan int, 1)
	must(t, receive.SetReadDeadline(time.Now().Add(testTime)))
	go func() {
		buf, came := make([]byte, 100), 0
		for {
			if size, err := receive.Read(buf); err != nil || size == 1 { // the end
				got <- came
				return
			}
			came++
		}
	}()
	for range n {
		_, err := send.Write(make([]byte, 100))
		must(t, err)
	}
	came := -1
	for again := time.NewTicker(time.Millisecond); came < 0; {
		_, err := send.Write(make([]byte, 1)) // which may be lost, too
		must(t, err)
		select {
		case came = <-got:
		case <-again.C:
		}
	}
	lost := float64(n-came) / n
	t.Logf("%.3f of %d packets were lost, %.3f was asked for", lost, n, loss)
	if lost < loss/2 || lost > loss*2 {
		t.Errorf("%.3f of %d packets were lost, want %.3f", lost, n, loss)
	}
}

// datagrams gives two sockets on path i: what is sent to the one comes to the other.
func (l *Lab) datagrams(t *testing.T, i int) (send, receive *net.UDPConn) {
	t.Helper()
	to := net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(l.Address(RX, i)), 4545))
	must(t, l.sides[RX].visit(func() (err error) {
		receive, err = net.ListenUDP("udp", to)
		return err
	}))
	t.Cleanup(func() { receive.Close() })
	conn, err := receive.SyscallConn()
	must(t, err)
	must(t, conn.Control(func(fd uintptr) { // more than the system's limit: the reader may have to wait for a CPU
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 16<<20)
	}))
	must(t, err)
	must(t, l.sides[TX].visit(func() (err error) {
		send, err = net.DialUDP("udp", nil, to)
		return err
	}))
	t.Cleanup(func() { send.Close() })
	return send, receive
}

func TestDelayedPathHasTheRate(t *testing.T) {
	t.Parallel()
	const size, rate = 1 << 20, 4 << 20
	l := withDelays(t, Delay{RoundTrip: 4 * time.Millisecond, BitsPerSecond: 8 * rate})
	a, b := connect(t, l, 1)
	took := moves(t, a, b, size)
	if least := time.Second * size / rate; took < least || took > testTime {
		t.Errorf("%d bytes at %d bytes/s took %v", size, rate, took)
	}
}

func TestDelayedPathDownAndUp(t *testing.T) {
	t.Parallel()
	l := withDelays(t, Delay{RoundTrip: 4 * time.Millisecond})
	a, b := connect(t, l, 1)
	must(t, l.PathDown(1))
	if hears(t, a, b, 300*time.Millisecond) {
		t.Error("down: a byte passed")
	}
	must(t, l.PathUp(1))
	if !heard(t, b, testTime) {
		t.Error("up again: the byte did not arrive")
	}
	if err := l.Blackhole(1); !errors.Is(err, errNoNeighbour) {
		t.Errorf("blackhole: %v", err)
	}
}

// A program that does not begin says why.
func TestDelayThatCannotBe(t *testing.T) {
	t.Parallel()
	l := withDelays(t)
	l.paths = 2
	err := l.delayed(1, delayProgram(t), Delay{Loss: 2})
	if err == nil || err.Error() != "it ended: delay: -loss 2 is not in 0 to 1" {
		t.Errorf("got %v", err)
	}
	if err := l.delayed(1, "no such program", Delay{}); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("no program: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := l.Dial(ctx, TX, net.JoinHostPort(l.Address(RX, 1), "1")); err == nil {
		t.Error("a path that was not made connects")
	}
}
