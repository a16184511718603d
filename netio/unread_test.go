package netio

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// awaited is what AwaitReader gave.
type awaited struct {
	left int
	gone bool
}

func awaitReader(s *Sink, stop <-chan struct{}) <-chan awaited {
	c := make(chan awaited, 1)
	go func() {
		left, gone := s.AwaitReader(stop)
		c <- awaited{left, gone}
	}()
	return c
}

func wantAwaited(t *testing.T, c <-chan awaited, want awaited) {
	t.Helper()
	select {
	case got := <-c:
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	case <-time.After(patience):
		t.Fatal("it waits on")
	}
}

// The end of the stream waits until it is read, or nobody is there to read it, or nobody wants to wait.
func TestAwaitReader(t *testing.T) {
	for _, c := range []struct {
		name string
		read int
		then func(r int, stop chan struct{})
		want awaited
	}{
		{"all is read", 1000, func(int, chan struct{}) {}, awaited{}},
		{"read and gone", 1000, func(r int, _ chan struct{}) { unix.Close(r) }, awaited{}},
		{"gone", 300, func(r int, _ chan struct{}) { unix.Close(r) }, awaited{left: 700, gone: true}},
		{"stopped", 300, func(_ int, stop chan struct{}) { close(stop) }, awaited{left: 700}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var fds [2]int
			if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { unix.Close(fds[1]) })
			to, stop := sink(t, fds[1]), make(chan struct{})
			if n, err := put(to, make([]byte, 1000)); n != 1000 {
				t.Fatal(n, err)
			}
			got := awaitReader(to, stop)
			if n, err := unix.Read(fds[0], make([]byte, c.read)); n != c.read {
				t.Fatal(n, err)
			}
			c.then(fds[0], stop)
			wantAwaited(t, got, c.want)
			if c.then != nil && !c.want.gone && c.name != "read and gone" {
				unix.Close(fds[0])
			}
		})
	}
}

// A neighbour who writes to the same pipe, and never lets it be empty, is not waited for.
func TestAwaitReaderBesideANeighbour(t *testing.T) {
	r, w := pair(t, "pipe")
	to := sink(t, w)
	if n, err := put(to, make([]byte, 100)); n != 100 {
		t.Fatal(n, err)
	}
	got := awaitReader(to, nil)
	b := make([]byte, 60)
	for n, deadline := 0, time.Now().Add(patience); time.Now().Before(deadline); n++ {
		call := unix.Write // first, so that the pipe is never empty
		if n%2 == 1 {
			call = unix.Read
		}
		if _, err := call([]int{w, r}[n%2], b); err != nil {
			t.Fatal(err)
		}
		select {
		case a := <-got:
			if a != (awaited{}) {
				t.Errorf("got %+v", a)
			}
			return
		case <-time.After(lookMoved): // the pace of both
		}
	}
	t.Fatal("it waits on")
}

// What is left is reckoned by what can be seen: a neighbour who has written something does not end the wait, one who keeps the pipe
// full does after a while.
func TestTail(t *testing.T) {
	const second = time.Second
	type look struct {
		after time.Duration
		now   int
		full  bool
		left  int
		ends  bool
	}
	for _, c := range []struct {
		name  string
		looks []look
	}{
		{"nobody else", []look{{0, 100, true, 100, false}, {time.Hour, 100, true, 100, false}, {time.Hour, 40, false, 40, false}}},
		{"a line of a neighbour's, and a consumer that sleeps", []look{
			{0, 110, false, 100, false}, {second, 110, false, 100, false}, {time.Hour, 110, false, 100, false}, {time.Hour, 60, false, 50, false},
		}},
		{"a neighbour who keeps it full", []look{
			{0, 150, true, 100, false}, {neighbourMost - 1, 150, true, 100, false}, {1, 150, true, 100, true},
		}},
		{"something is seen meanwhile", []look{
			{0, 150, true, 100, false}, {4 * second, 120, false, 70, false}, {0, 150, true, 70, false},
			{4 * second, 150, true, 70, false}, {second, 150, true, 70, true},
		}},
		{"a neighbour who keeps up with the consumer", []look{
			{0, 120, false, 100, false}, {0, 60, false, 40, false}, {0, 120, false, 40, false}, {0, 60, false, 0, false},
		}},
	} {
		at := time.Now()
		reckoned := tail{left: 100, last: 100}
		for i, l := range c.looks {
			at = at.Add(l.after)
			reckoned.look(l.now, func() bool { return l.full }, at)
			if ends := reckoned.hidden(at); reckoned.left != l.left || ends != l.ends {
				t.Errorf("%s: look %d: %d are left, it ends: %v; want %d, %v", c.name, i, reckoned.left, ends, l.left, l.ends)
			}
		}
	}
}

// A pipe that we made larger has its size again at the end, unless it holds more; one that was larger stays so.
func TestPipeHasItsSizeAgain(t *testing.T) {
	size := func(fd int) int {
		n, err := unix.FcntlInt(uintptr(fd), unix.F_GETPIPE_SZ, 0)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, c := range []struct {
		name         string
		before, held int
		after        int
	}{
		{"made larger", 64 << 10, 100, 64 << 10},
		{"holds more", 64 << 10, 80 << 10, pipeSize},
		{"was larger", 2 * pipeSize, 100, 2 * pipeSize},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, w := pair(t, "pipe")
			if _, err := unix.FcntlInt(uintptr(w), unix.F_SETPIPE_SZ, c.before); err != nil {
				t.Skip(err)
			}
			to, err := OpenSink(w, nil)
			if err != nil {
				t.Fatal(err)
			}
			if now := size(w); now < pipeSize {
				t.Skipf("it cannot be larger than %d here", now)
			}
			if n, err := put(to, make([]byte, c.held)); n != c.held {
				t.Fatal(n, err)
			}
			to.Close()
			if now := size(w); now != c.after {
				t.Errorf("it is of %d bytes, want %d", now, c.after)
			}
		})
	}
}
