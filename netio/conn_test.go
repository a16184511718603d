package netio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// connected gives an adopted end of a TCP connection, and the other one, which Go serves.
func connected(t *testing.T, trace Tracer) (*Conn, *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	far.SetDeadline(time.Now().Add(patience))
	before := descriptors(t)
	conn, err := Detach(c, trace)
	if err != nil {
		t.Fatal(err)
	}
	if now := descriptors(t); now != before {
		t.Errorf("%d descriptors after Detach, were %d", now, before)
	}
	t.Cleanup(func() {
		if conn.fd >= 0 {
			conn.Close()
		}
	})
	return conn, far.(*net.TCPConn)
}

// await waits for readiness of a descriptor.
func await(t *testing.T, fd int, events int16) {
	t.Helper()
	p := []unix.PollFd{{Fd: int32(fd), Events: events}}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if n, _ := unix.Poll(p, 1000); n > 0 {
			return
		}
	}
	t.Fatal("not ready")
}

func TestConnMoves(t *testing.T) {
	if faulty {
		t.Skip("it counts whole calls")
	}
	var calls []string
	c, far := connected(t, func(call string, _, n int, err error) {
		calls = append(calls, fmt.Sprint(call, " ", n, " ", err))
	})
	b, d := make([]byte, 3), make([]byte, 10)
	if n, err := c.Recv(b, nil); n != 0 || err != ErrAgain {
		t.Errorf("%d, %v of nothing", n, err)
	}
	far.Write([]byte("abcde"))
	await(t, c.FD(), unix.POLLIN)
	if !c.Pending() {
		t.Error("nothing is pending")
	}
	if n, err := c.Recv(b, d); n != 5 || err != nil || string(b) != "abc" || string(d[:2]) != "de" {
		t.Errorf("%d, %v: %q %q", n, err, b, d)
	}
	if c.Pending() {
		t.Error("something is pending")
	}
	c.Send([]byte("1"), []byte("23"))
	c.Send([]byte("4"), nil)
	c.Send(nil, []byte("5"))
	got := make([]byte, 5)
	if _, err := io.ReadFull(far, got); err != nil || string(got) != "12345" {
		t.Errorf("%q, %v", got, err)
	}
	c.Finish()
	if n, err := far.Read(got); n != 0 || err != io.EOF {
		t.Errorf("%d, %v after Finish", n, err)
	}
	far.Close()
	await(t, c.FD(), unix.POLLIN)
	if n, err := c.Recv(b, nil); n != 0 || err != io.EOF {
		t.Errorf("%d, %v at the end", n, err)
	}
	want := []string{"read 0 would block", "readv 5 <nil>", "writev 3 <nil>", "write 1 <nil>", "write 1 <nil>", "read 0 EOF"}
	if !slices.Equal(calls, want) {
		t.Errorf("traced %q", calls)
	}
}

// Bytes both ways, more than the sockets hold, while a storm of signals interrupts every call that can be.
func TestConnThroughSignals(t *testing.T) {
	c, far := connected(t, nil)
	data := noise(4 << 20)
	heard := make(chan []byte, 1)
	go func() {
		b, _ := io.ReadAll(far)
		heard <- b
	}()
	go far.Write(data)
	stop := storm(t)
	defer stop()
	p, err := NewPoller()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Add(c.FD(), Readable|Writable, 1); err != nil {
		t.Fatal(err)
	}
	var got []byte
	left, a, b := data, make([]byte, 1000), make([]byte, 30000)
	for len(left) > 0 || len(got) < len(data) {
		if _, err := p.Wait(100); err != nil {
			t.Fatal(err)
		}
		half := min(len(left)/2, 10000)
		n, err := c.Send(left[:half], left[half:min(len(left), 50000)])
		if err != nil && err != ErrAgain {
			t.Fatal(err)
		}
		left = left[n:]
		if n, err = c.Recv(a, b); err != nil && err != ErrAgain {
			t.Fatal(err)
		}
		got = append(append(got, a[:min(n, len(a))]...), b[:max(0, n-len(a))]...)
		if len(left) == 0 {
			_ = p.Modify(c.FD(), Readable, 1)
		}
	}
	c.Finish()
	if !bytes.Equal(got, data) || !bytes.Equal(<-heard, data) {
		t.Error("other bytes came out")
	}
}

// storm ties the caller to its thread and sends the thread signals that Go's runtime takes for its own, until stop.
func storm(t *testing.T) (stop func()) {
	t.Helper()
	over, done := make(chan struct{}), make(chan struct{})
	pid, tid := unix.Getpid(), lockedThread(t)
	go func() {
		defer close(done)
		for {
			select {
			case <-over:
				return
			default:
				_ = unix.Tgkill(pid, tid, unix.SIGURG)
				time.Sleep(20 * time.Microsecond)
			}
		}
	}()
	return func() { close(over); <-done }
}

func TestSplice(t *testing.T) {
	c, far := connected(t, nil)
	r, w := pair(t, "pipe")
	to := sink(t, w)
	if !to.Splices() {
		t.Fatal("a pipe does not splice")
	}
	if n, err := c.Splice(to, 100); n != 0 || err != ErrAgain || c.Pending() {
		t.Errorf("%d, %v of nothing", n, err)
	}
	data := noise(100000)
	go far.Write(data)
	var got []byte
	b := make([]byte, 200000)
	for len(got) < len(data) {
		await(t, c.FD(), unix.POLLIN)
		n, err := c.Splice(to, len(data)-len(got))
		if err != nil {
			t.Fatal(err)
		}
		for n > 0 {
			m, err := unix.Read(r, b)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, b[:m]...)
			n -= m
		}
	}
	if !bytes.Equal(got, data) {
		t.Error("other bytes came out")
	}
	unix.FcntlInt(uintptr(w), unix.F_SETPIPE_SZ, 4096)
	fill(t, to)
	far.Write([]byte("x"))
	await(t, c.FD(), unix.POLLIN)
	if n, err := c.Splice(to, 1); n != 0 || err != ErrAgain || !c.Pending() {
		t.Errorf("%d, %v into a full pipe", n, err)
	}
	unix.Close(r)
	if _, err := c.Splice(to, 1); !BrokenPipe(err) || !to.Gone() {
		t.Errorf("%v into a broken pipe; gone: %v", err, to.Gone())
	}
}

func TestSpliceEnds(t *testing.T) {
	c, far := connected(t, nil)
	_, w := pair(t, "pipe")
	to := sink(t, w)
	far.Close()
	await(t, c.FD(), unix.POLLIN)
	if n, err := c.Splice(to, 1); n != 0 || err != io.EOF {
		t.Errorf("%d, %v at the end", n, err)
	}
}

// Abort throws away what is queued; Close lets it arrive.
func TestAbortAndClose(t *testing.T) {
	c, far := connected(t, nil)
	c.Send([]byte("x"), nil)
	if err := c.Abort(); err != nil {
		t.Error(err)
	}
	b := make([]byte, 1)
	for range 2 { // the byte may have come before the reset
		if _, err := far.Read(b); err != nil {
			if !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%v after Abort", err)
			}
			break
		}
	}
	c, far = connected(t, nil)
	for last := []byte("last"); len(last) > 0; { // each call may be short
		n, err := c.Send(last, nil)
		if err != nil {
			t.Fatal(err)
		}
		last = last[n:]
	}
	c.Close()
	if b, err := io.ReadAll(far); string(b) != "last" || err != nil {
		t.Errorf("%q, %v after Close", b, err)
	}
}

func TestLostConnection(t *testing.T) {
	c, far := connected(t, nil)
	far.SetLinger(0)
	far.Close()
	await(t, c.FD(), unix.POLLIN)
	_, err := c.Recv(make([]byte, 1), nil)
	if !Refused(err) {
		t.Errorf("%v after a reset", err)
	}
	if _, err = c.Send([]byte("x"), nil); !Refused(err) {
		t.Errorf("%v after a reset", err)
	}
}

func TestDetachRefuses(t *testing.T) {
	a, b := net.Pipe()
	defer b.Close()
	if _, err := Detach(a, nil); err == nil {
		t.Error("a connection without a descriptor is detached")
	}
	if _, err := a.Write([]byte("x")); err == nil {
		t.Error("it is still open")
	}
}

func TestInfo(t *testing.T) {
	c, _ := connected(t, nil)
	c.LimitUnsent(1 << 20)
	c.Await(1)
	if i := c.Info(); i.MSS == 0 || i.Cwnd == 0 || i.Congestion == "" || i.CPU < 0 || i.NAPI != 0 {
		t.Errorf("%+v", i)
	}
	if cpu := c.IncomingCPU(); cpu < 0 || cpu >= 8192 {
		t.Errorf("CPU %d handles its packets", cpu)
	}
	if q := c.Queued(); !q.Told || !q.Clear() || q.PeerFull || q.RTT == 0 || q.MinRTT > q.RTT {
		t.Errorf("%+v of an idle connection", q)
	}
	c.Close()
	if q := c.Queued(); q != (Queue{}) {
		t.Errorf("%+v of a closed connection", q)
	}
	if cpu := c.IncomingCPU(); cpu != -1 {
		t.Errorf("CPU %d handles a closed connection's packets", cpu)
	}
	if i := c.Info(); i != (Info{CPU: -1}) {
		t.Errorf("%+v of a closed connection", i)
	}
}

func TestPace(t *testing.T) {
	c, _ := connected(t, nil)
	for _, rate := range []uint64{1, 10 << 20, math.MaxUint32 - 1, math.MaxUint32, 1 << 40} {
		c.Pace(rate)
		if got, err := unix.GetsockoptUint64(c.fd, unix.SOL_SOCKET, unix.SO_MAX_PACING_RATE); err != nil || got != rate {
			t.Errorf("pace %d: %d, %v", rate, got, err)
		}
	}
	c.Pace(0)
	if got, err := unix.GetsockoptUint64(c.fd, unix.SOL_SOCKET, unix.SO_MAX_PACING_RATE); err != nil || got != math.MaxUint64 {
		t.Errorf("any pace: %d, %v", got, err)
	}
}

func TestErrors(t *testing.T) {
	call := func(e syscall.Errno) error { return fmt.Errorf("link: %w", os.NewSyscallError("read", e)) }
	for _, c := range []struct {
		err             error
		refused, broken bool
	}{
		{call(unix.ECONNREFUSED), true, false},
		{call(unix.ECONNRESET), true, true},
		{call(unix.EPIPE), true, true},
		{io.EOF, true, false},
		{io.ErrUnexpectedEOF, true, false},
		{call(unix.EHOSTUNREACH), false, false},
		{call(unix.ETIMEDOUT), false, false},
		{os.ErrDeadlineExceeded, false, false},
		{context.DeadlineExceeded, false, false},
		{nil, false, false},
	} {
		if Refused(c.err) != c.refused || BrokenPipe(c.err) != c.broken {
			t.Errorf("%v: refused %v, broken %v", c.err, Refused(c.err), BrokenPipe(c.err))
		}
	}
}
