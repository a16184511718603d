package lab

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"
)

const testTime = 30 * time.Second // the most that a test here waits for anything

func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), testTime)
	t.Cleanup(cancel)
	return ctx
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// connect makes one plain TCP connection over path i and gives its two ends, TX first.
func connect(t *testing.T, l *Lab, i int) (net.Conn, net.Conn) {
	t.Helper()
	ctx := bounded(t)
	listener, err := l.Listen(ctx, RX, net.JoinHostPort(l.Address(RX, i), "0"))
	must(t, err)
	defer listener.Close()
	a, err := l.Dial(ctx, TX, listener.Addr().String())
	must(t, err)
	b, err := listener.Accept()
	must(t, err)
	deadline := time.Now().Add(testTime)
	must(t, a.SetDeadline(deadline))
	must(t, b.SetDeadline(deadline))
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

// hears reports whether a byte sent at a arrives at b within the time given.
func hears(t *testing.T, a, b net.Conn, within time.Duration) bool {
	t.Helper()
	_, err := a.Write([]byte{1})
	must(t, err)
	return heard(t, b, within)
}

func heard(t *testing.T, b net.Conn, within time.Duration) bool {
	t.Helper()
	must(t, b.SetReadDeadline(time.Now().Add(within)))
	_, err := b.Read(make([]byte, 1))
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	return err == nil
}

// moves sends so many bytes from a to b and gives the time that it took.
func moves(t *testing.T, a, b net.Conn, size int) time.Duration {
	t.Helper()
	sent := make(chan error, 1)
	start := time.Now()
	go func() {
		_, err := a.Write(make([]byte, size))
		sent <- err
	}()
	_, err := io.ReadFull(b, make([]byte, size))
	must(t, errors.Join(err, <-sent))
	return time.Since(start)
}

func TestPathsCarryPackets(t *testing.T) {
	l := New(t, Config{Paths: 3})
	for i := range l.Paths() {
		a, b := connect(t, l, i)
		if !hears(t, a, b, testTime) || !hears(t, b, a, testTime) {
			t.Errorf("path %d is silent", i)
		}
	}
}

func TestPathDownAndUp(t *testing.T) {
	t.Parallel()
	l := New(t, Config{Paths: 2})
	for _, side := range []Side{TX, RX} {
		a, b := connect(t, l, 1)
		must(t, l.EndDown(side, 1))
		if hears(t, a, b, 300*time.Millisecond) {
			t.Errorf("%v end down: a byte passed", side)
		}
		must(t, l.EndUp(side, 1))
		if !heard(t, b, testTime) {
			t.Errorf("%v end up again: the byte did not arrive", side)
		}
	}
}

func TestBlackholeAndHeal(t *testing.T) {
	t.Parallel()
	l := New(t, Config{Paths: 1})
	a, b := connect(t, l, 0)
	must(t, l.Blackhole(0))
	if hears(t, a, b, 300*time.Millisecond) {
		t.Error("a byte passed the blackhole")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	_, err := l.Dial(ctx, TX, net.JoinHostPort(l.Address(RX, 0), "1"))
	if timeout, ok := errors.AsType[net.Error](err); !ok || !timeout.Timeout() {
		t.Errorf("connect into the blackhole: %v, want a timeout", err)
	}
	must(t, l.Heal(0))
	if !heard(t, b, testTime) {
		t.Error("healed, and the byte did not arrive")
	}
	must(t, l.Heal(0))
}

func TestDropAndUndrop(t *testing.T) {
	t.Parallel()
	l := New(t, Config{Paths: 2})
	if !l.Filters() {
		t.Log("no packet filter here: Drop is Blackhole")
	}
	a, b := connect(t, l, 1)
	other, end := connect(t, l, 0)
	must(t, l.Undrop(1))
	for range 2 {
		must(t, l.Drop(1))
		for _, way := range [][2]net.Conn{{a, b}, {b, a}} {
			if hears(t, way[0], way[1], 300*time.Millisecond) {
				t.Error("a byte passed the filter")
			}
		}
		if !hears(t, other, end, testTime) {
			t.Error("the filter of one path holds up another")
		}
		must(t, l.Undrop(1))
		if !heard(t, b, testTime) || !heard(t, a, testTime) {
			t.Error("undropped, and the byte did not arrive")
		}
	}
}

func TestSamplerCountsWhatPathsSend(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	l := New(t, Config{Paths: 2})
	a, b := connect(t, l, 1)
	stop := l.Sampler(TX, 10*time.Millisecond, nil)
	sent := make(chan error, 1)
	go func() {
		_, err := a.Write(make([]byte, size))
		sent <- err
	}()
	_, err := io.ReadFull(b, make([]byte, size))
	must(t, errors.Join(err, <-sent))
	samples, err := stop()
	must(t, err)
	first, last := samples[0], samples[len(samples)-1]
	if n := last.Sent[1] - first.Sent[1]; n < size || n > size*11/10 {
		t.Errorf("the device sent %d bytes, want %d and headers", n, size)
	}
	if n := last.Sent[0] - first.Sent[0]; n > 10000 {
		t.Errorf("the idle path's device sent %d bytes", n)
	}
}

func TestBareFillsItsPaths(t *testing.T) {
	t.Parallel()
	l := New(t, Config{Paths: 3})
	must(t, l.Shape(0, 64_000_000))
	must(t, l.Shape(1, 16_000_000))
	b, err := l.StartBare(bounded(t), 0, 1)
	must(t, err)
	for end := time.Now().Add(testTime); b.Received(0) < 4<<20 || b.Received(1) < 1<<20; <-time.After(time.Millisecond) {
		if time.Now().After(end) {
			break
		}
	}
	must(t, b.Stop())
	if fast, slow, none := b.Received(0), b.Received(1), b.Received(2); fast < 4<<20 || slow < 1<<20 || fast < slow || none != 0 {
		t.Errorf("at 8 MB/s, 2 MB/s and nothing: %d, %d and %d bytes", fast, slow, none)
	}
}

func TestShapeLimitsThePath(t *testing.T) {
	t.Parallel()
	const size = 4 << 20
	l := New(t, Config{Paths: 1})
	must(t, l.Shape(0, 64_000_000)) // 8 MB/s
	a, b := connect(t, l, 0)
	for _, way := range [][2]net.Conn{{a, b}, {b, a}} {
		if took := moves(t, way[0], way[1], size); took < 300*time.Millisecond || took > testTime {
			t.Errorf("%d bytes at 8 MB/s took %v", size, took)
		}
	}
	must(t, l.Shape(0, 0))
	must(t, l.Shape(0, 0))
}

func TestDestroyRandom(t *testing.T) {
	t.Parallel()
	l := New(t, Config{Paths: 2})
	rng := rand.New(rand.NewPCG(1, 2))
	for _, side := range []Side{TX, RX} {
		a, b := connect(t, l, 1)
		port := uint16(b.LocalAddr().(*net.TCPAddr).Port)
		list, err := l.Connections(side, port)
		must(t, err)
		if len(list) != 1 {
			t.Fatalf("%v: connections %v, want one", side, list)
		}
		killed, err := l.DestroyRandom(side, rng, port)
		must(t, err)
		if killed != list[0] {
			t.Errorf("%v: destroyed %v, want %v", side, killed, list[0])
		}
		for _, end := range []net.Conn{a, b} {
			if _, err := end.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%v: an end of the destroyed connection reads %v", side, err)
			}
		}
		if _, err := l.DestroyRandom(side, rng, port); !errors.Is(err, ErrNoConnection) {
			t.Errorf("%v: destroyed again: %v", side, err)
		}
		if err := l.Destroy(side, killed); !errors.Is(err, ErrNoConnection) {
			t.Errorf("%v: destroyed the same again: %v", side, err)
		}
	}
}

// A listener on the wildcard address of both families holds IPv4 connections in IPv6 sockets.
func TestDestroyMappedAddress(t *testing.T) {
	l := New(t, Config{Paths: 1})
	ctx := bounded(t)
	listener, err := l.Listen(ctx, RX, "[::]:4545")
	must(t, err)
	defer listener.Close()
	a, err := l.Dial(ctx, TX, net.JoinHostPort(l.Address(RX, 0), "4545"))
	must(t, err)
	defer a.Close()
	b, err := listener.Accept()
	must(t, err)
	defer b.Close()
	killed, err := l.DestroyRandom(RX, rand.New(rand.NewPCG(1, 2)), 4545)
	must(t, err)
	if got := killed.Local.Addr().String(); got != l.Address(RX, 0) {
		t.Errorf("destroyed %v, want a connection of %s", killed, l.Address(RX, 0))
	}
	must(t, a.SetReadDeadline(time.Now().Add(testTime)))
	if _, err := a.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the far end reads %v", err)
	}
}

// The child is this test program itself: started in a lab it looks at its network and says what it found there.
func TestCommandRunsInItsNamespace(t *testing.T) {
	const key = "LAB_TEST_SHOW_DEVICES"
	if os.Getenv(key) != "" {
		if _, err := net.InterfaceByName(device(0)); err != nil {
			t.Fatal(err)
		}
		return
	}
	l := New(t, Config{Paths: 1})
	for _, side := range []Side{TX, RX} {
		c := l.Command(bounded(t), side, os.Args[0], "-test.run=^TestCommandRunsInItsNamespace$")
		var out Text
		c.Env, c.Stdout, c.Stderr = append(os.Environ(), key+"=1"), &out, &out
		must(t, c.Start())
		if status := c.Status(); status != 0 {
			t.Errorf("%v: status %d\n%s", side, status, out.String())
		}
	}
	if _, err := net.InterfaceByName(device(0)); err == nil {
		t.Error("the test itself is in a lab's namespace")
	}
}

// Everything that a lab held is given back, also the programs that its test did not wait for.
func TestNothingIsLeft(t *testing.T) {
	New(t, Config{}) // skips without root; opens what the runtime keeps for itself
	before, err := UsageOf(os.Getpid())
	must(t, err)
	var child *Cmd
	t.Run("lab", func(t *testing.T) {
		l := New(t, Config{Paths: 3})
		connect(t, l, 2)
		child = l.Command(context.Background(), RX, os.Args[0], "-test.run=^TestWaitForEver$")
		child.Env = append(os.Environ(), waitKey+"=1")
		must(t, child.Start())
	})
	after, err := UsageOf(os.Getpid())
	must(t, err)
	if after.Files > before.Files {
		t.Errorf("%d descriptors before the lab, %d after", before.Files, after.Files)
	}
	if _, err := UsageOf(child.Process.Pid); err == nil {
		t.Error("a program outlived its lab")
	}
	if child.Status() != 128+9 {
		t.Errorf("the program's status is %d, want killed", child.Status())
	}
}

const waitKey = "LAB_TEST_WAIT"

// TestWaitForEver is the program that TestNothingIsLeft leaves behind.
func TestWaitForEver(t *testing.T) {
	if os.Getenv(waitKey) == "" {
		t.Skip("a child of TestNothingIsLeft")
	}
	time.Sleep(testTime)
}

func TestStatus(t *testing.T) {
	l := New(t, Config{})
	c := l.Command(bounded(t), TX, "no such program")
	if err := c.Start(); !errors.Is(err, exec.ErrNotFound) && !errors.Is(err, os.ErrNotExist) {
		t.Errorf("start of nothing: %v", err)
	}
	c = l.Command(bounded(t), TX, os.Args[0], "-test.run=^$")
	must(t, c.Start())
	if got := c.Status(); got != 0 {
		t.Errorf("status %d, want 0", got)
	}
	if got := c.Status(); got != 0 {
		t.Errorf("second status %d, want 0", got)
	}
}
