package netio

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a test waits for what should happen at once.
const patience = 30 * time.Second

// pair is a way into which a test writes with fds[1] what it reads from fds[0]; both block, as a shell leaves them.
func pair(t *testing.T, kind string) (r, w int) {
	t.Helper()
	var fds [2]int
	var err error
	switch kind {
	case "pipe":
		err = unix.Pipe2(fds[:], unix.O_CLOEXEC)
	case "fifo":
		fds, err = fifo(t)
	case "socket":
		fds, err = unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	case "terminal":
		fds, err = terminal(t)
	default:
		t.Fatal(kind)
	}
	if err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
	t.Cleanup(func() { unix.Close(fds[0]); unix.Close(fds[1]) })
	return fds[0], fds[1]
}

func fifo(t *testing.T) (fds [2]int, err error) {
	name := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(name, 0o600); err != nil {
		return fds, err
	}
	if fds[0], err = unix.Open(name, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0); err != nil {
		return fds, err
	}
	if fds[1], err = unix.Open(name, unix.O_WRONLY|unix.O_CLOEXEC, 0); err != nil {
		return fds, err
	}
	return fds, unix.SetNonblock(fds[0], false)
}

// terminal gives a pseudo-terminal's master to read from and its other side, a raw terminal, to write to (pty(7)).
func terminal(t *testing.T) (fds [2]int, err error) {
	if fds[0], err = unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0); err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	if err := unix.IoctlSetPointerInt(fds[0], unix.TIOCSPTLCK, 0); err != nil {
		return fds, err
	}
	n, err := unix.IoctlGetInt(fds[0], unix.TIOCGPTN)
	if err != nil {
		return fds, err
	}
	fds[1], err = unix.Open("/dev/pts/"+strconv.Itoa(n), unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	raw, err := unix.IoctlGetTermios(fds[1], unix.TCGETS)
	if err != nil {
		return fds, err
	}
	raw.Iflag, raw.Oflag, raw.Lflag = 0, 0, 0
	raw.Cc[unix.VMIN], raw.Cc[unix.VTIME] = 1, 0
	return fds, unix.IoctlSetTermios(fds[1], unix.TCSETS, raw)
}

func source(t *testing.T, fd int) *Source {
	t.Helper()
	s, err := OpenSource(fd, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func sink(t *testing.T, fd int) *Sink {
	t.Helper()
	s, err := OpenSink(fd, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// polled makes an end what it is where it cannot be opened anew.
func polled(t *testing.T, e *end) {
	t.Helper()
	if err := e.close(); err != nil {
		t.Fatal(err)
	}
	e.kind = kindPolled
}

// untouched checks that a descriptor's flags are the user's, now and at the end of the test.
func untouched(t *testing.T, fd int) {
	t.Helper()
	before := flags(t, fd)
	t.Cleanup(func() {
		if now := flags(t, fd); now != before || now&unix.O_NONBLOCK != 0 {
			t.Errorf("flags %#x, were %#x", now, before)
		}
	})
}

func flags(t *testing.T, fd int) int {
	t.Helper()
	n, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func noise(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// move writes data to the sink and reads it from the source, each as far as it goes without waiting.
func move(t *testing.T, from *Source, to *Sink, data []byte) {
	t.Helper()
	var got []byte
	left, b, waits := data, make([]byte, 20000), 0
	for len(got) < len(data) {
		n, err := to.Write(left[:min(len(left), 100000)])
		if len(left) > 0 && err != nil && err != ErrAgain {
			t.Fatal(err)
		}
		left = left[n:]
		m, err := from.Read(b)
		if err != nil && err != ErrAgain {
			t.Fatal(err)
		}
		got = append(got, b[:m]...)
		if waits++; n+m > 0 {
			waits = 0
		}
		if waits > 1_000_000 {
			t.Fatalf("%d of %d bytes moved", len(got), len(data))
		}
	}
	if !bytes.Equal(got, data) {
		t.Error("other bytes came out")
	}
}

var waiting = []string{"pipe", "fifo", "socket", "terminal"}

// Bytes pass through every kind that can make us wait, opened anew or polled; nothing there is ErrAgain; the user's own
// flags stay as they are.
func TestKindsMove(t *testing.T) {
	for _, kind := range waiting {
		for _, anew := range []bool{true, false} {
			if (kind == "socket" || kind == "terminal") && !anew {
				continue // a socket needs no other way, and a terminal that is polled may block
			}
			t.Run(kind+map[bool]string{true: "", false: ", polled"}[anew], func(t *testing.T) {
				r, w := pair(t, kind)
				untouched(t, w)
				if kind != "terminal" { // the test has the master, which is no terminal of a user
					untouched(t, r)
				}
				from, to := source(t, r), sink(t, w)
				if kind == "terminal" {
					polled(t, &from.end) // opened anew it would be another terminal
				}
				if !anew {
					polled(t, &from.end)
					polled(t, &to.end)
				}
				if !from.Pollable() || !to.Pollable() {
					t.Error("not pollable")
				}
				if n, err := from.Read(make([]byte, 10)); n != 0 || err != ErrAgain {
					t.Errorf("read of nothing: %d, %v", n, err)
				}
				move(t, from, to, noise(3<<19))
			})
		}
	}
}

func TestNames(t *testing.T) {
	for kind, want := range map[string]string{"pipe": "pipe", "fifo": "pipe", "socket": "socket", "terminal": "terminal"} {
		_, w := pair(t, kind)
		if got := sink(t, w).String(); got != want {
			t.Errorf("%s is a %s", kind, got)
		}
	}
}

// A sink that is full says so, and takes more once its consumer has read.
func TestFullSink(t *testing.T) {
	for _, kind := range waiting {
		t.Run(kind, func(t *testing.T) {
			r, w := pair(t, kind)
			for _, poll := range []bool{false, true} {
				to := sink(t, w)
				if poll && (kind == "socket" || kind == "terminal") {
					continue // see TestKindsMove
				}
				if poll {
					polled(t, &to.end)
				}
				if err := unix.SetNonblock(r, true); err != nil {
					t.Fatal(err)
				}
				fill(t, to)
				b := make([]byte, 1<<20)
				for {
					if n, err := unix.Read(r, b); n <= 0 || err != nil {
						break
					}
				}
				if n, err := put(to, []byte("more")); n != 4 || err != nil {
					t.Errorf("after reading: %d, %v", n, err)
				}
				to.Close()
			}
		})
	}
}

// put writes all of p, in as many calls as it takes: each may be short.
func put(to *Sink, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = to.Write(p[n:])
		n += m
	}
	return n, err
}

// get reads until p is full, in as many calls as it takes.
func get(from *Source, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = from.Read(p[n:])
		n += m
	}
	return n, err
}

// fill writes until no more fits.
func fill(t *testing.T, to *Sink) {
	t.Helper()
	for range 100000 {
		_, err := to.Write(make([]byte, 10000))
		if err == ErrAgain {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("the sink is never full")
}

func TestBrokenSink(t *testing.T) {
	for _, kind := range []string{"pipe", "fifo", "socket"} {
		for _, poll := range []bool{false, true} {
			r, w := pair(t, kind)
			to := sink(t, w)
			if poll && kind != "socket" {
				polled(t, &to.end)
			}
			if to.Gone() {
				t.Errorf("%s: gone before its consumer", kind)
			}
			unix.Close(r)
			if _, err := to.Write([]byte("x")); !BrokenPipe(err) {
				t.Errorf("%s: %v", kind, err)
			}
			if kind != "socket" && !to.Gone() {
				t.Errorf("%s: not gone with its consumer", kind)
			}
		}
	}
}

func TestEnd(t *testing.T) {
	for _, kind := range []string{"pipe", "fifo", "socket"} {
		for _, poll := range []bool{false, true} {
			r, w := pair(t, kind)
			from := source(t, r)
			if poll && kind != "socket" {
				polled(t, &from.end)
			}
			unix.Write(w, []byte("last"))
			unix.Close(w)
			b := make([]byte, 10)
			if n, err := get(from, b[:4]); n != 4 || err != nil {
				t.Errorf("%s: %d, %v", kind, n, err)
			}
			for range 2 {
				if n, err := from.Read(b); n != 0 || err != io.EOF {
					t.Errorf("%s: %d, %v at the end", kind, n, err)
				}
			}
		}
	}
}

// A pipe whose other end is closed cannot be opened anew, and is read to its end all the same.
func TestOrphanedPipe(t *testing.T) {
	r, w := pair(t, "fifo")
	unix.Write(w, []byte("left"))
	unix.Close(w)
	from := source(t, r)
	b := make([]byte, 10)
	if n, err := get(from, b[:4]); n != 4 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := from.Read(b); err != io.EOF {
		t.Errorf("%v at the end", err)
	}
}

// Files are read and written from where they stand, and at their end where the user said so.
func TestFiles(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		flags int
		want  string
	}{
		{unix.O_RDWR, "01+++56789"},
		{unix.O_RDWR | unix.O_APPEND, "01+++56789+++"},
	} {
		fd, err := unix.Open(name, c.flags|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fd) })
		untouched(t, fd)
		from, to := source(t, fd), sink(t, fd)
		if from.Pollable() || to.Pollable() || to.Splices() {
			t.Error("a file makes us wait")
		}
		b := make([]byte, 2)
		if n, err := get(from, b); n != 2 || err != nil || string(b) != "01" {
			t.Errorf("%q, %v", b[:n], err)
		}
		if n, err := put(to, []byte("+++")); n != 3 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		if got, _ := os.ReadFile(name); string(got) != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestNullDevice(t *testing.T) {
	fd, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	from, to := source(t, fd), sink(t, fd)
	if from.Pollable() || to.Pollable() {
		t.Error("the null device makes us wait")
	}
	if _, err := from.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("read: %v", err)
	}
	if n, err := put(to, noise(1<<20)); n != 1<<20 || err != nil {
		t.Errorf("write: %d, %v", n, err)
	}
}

// Finish ends the stream for the consumer, and the user's number is the null device; Close leaves everything open.
func TestFinish(t *testing.T) {
	for _, kind := range []string{"pipe", "fifo", "socket"} {
		r, w := pair(t, kind)
		before := descriptors(t)
		to := sink(t, w)
		put(to, []byte("all"))
		if err := to.Finish(); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if got := descriptors(t); got != before {
			t.Errorf("%s: %d descriptors, were %d", kind, got, before)
		}
		b := make([]byte, 10)
		if n, err := unix.Read(r, b); n != 3 || err != nil {
			t.Errorf("%s: %d, %v", kind, n, err)
		}
		if n, err := unix.Read(r, b); n != 0 || err != nil {
			t.Errorf("%s: no end but %d, %v", kind, n, err)
		}
		if to, _ := os.Readlink("/proc/self/fd/" + strconv.Itoa(w)); to != os.DevNull {
			t.Errorf("%s: the descriptor is %s", kind, to)
		}
	}
}

func TestCloseLeavesTheUsersDescriptor(t *testing.T) {
	_, w := pair(t, "pipe")
	before := descriptors(t)
	to := sink(t, w)
	for range 2 {
		if err := to.Close(); err != nil {
			t.Error(err)
		}
	}
	if got := descriptors(t); got != before {
		t.Errorf("%d descriptors, were %d", got, before)
	}
	if _, err := unix.Write(w, []byte("x")); err != nil {
		t.Error(err)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func TestOpenOfNothing(t *testing.T) {
	_, err := OpenSource(-1, nil)
	var call *os.SyscallError
	if !errors.As(err, &call) || call.Syscall != "fstat" {
		t.Errorf("%v", err)
	}
	if _, err := OpenSink(1<<20, nil); !errors.Is(err, unix.EBADF) {
		t.Errorf("%v", err)
	}
}
