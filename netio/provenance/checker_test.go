package provenance

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"viamillipede/netio/bpf"
	"viamillipede/netio/lend"
)

func newChecker(t testing.TB) *Checker {
	t.Helper()
	c, err := New()
	if errors.Is(err, bpf.ErrNotPermitted) {
		t.Skipf("no permission for BPF: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func testPipe(t testing.TB) *pipe {
	t.Helper()
	p, err := newPipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	return p
}

// borrow puts a page into the pipe that is not the kernel's own. The pipe keeps it.
func borrow(put func(w int, first byte) (*lend.Page, error)) func(*pipe) error {
	return func(p *pipe) error {
		page, err := put(p.w, 1)
		if err == nil {
			page.Close()
		}
		return err
	}
}

// TestWritten: every way to fill a pipe, and whether its pages can still change.
func TestWritten(t *testing.T) {
	c := newChecker(t)
	page := os.Getpagesize()
	write := func(n int) func(*pipe) error { return func(p *pipe) error { return p.write(make([]byte, n)) } }
	for _, test := range []struct {
		name string
		fill []func(*pipe) error
		want int
	}{
		{"Empty", nil, 0},
		{"OneByte", []func(*pipe) error{write(1)}, 1},
		{"Written", []func(*pipe) error{write(3 * page)}, 3 * page},
		{"Pieces", []func(*pipe) error{write(100), write(page), write(7)}, page + 107},
		{"Memory", []func(*pipe) error{borrow(lend.Memory)}, -1},
		{"File", []func(*pipe) error{borrow(lend.File)}, -1},
		{"MemoryFirst", []func(*pipe) error{borrow(lend.Memory), write(5 * page)}, -1},
		{"FileLast", []func(*pipe) error{write(5 * page), borrow(lend.File)}, -1},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := testPipe(t)
			for _, f := range test.fill {
				if err := f(p); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := c.Written(p.r); err != nil || got != test.want {
				t.Errorf("written %d, %v; want %d", got, err, test.want)
			}
		})
	}
}

// TestWrapped: slots that lie across the end of the ring, and lie in a pipe into which they were spliced.
func TestWrapped(t *testing.T) {
	c := newChecker(t)
	page := os.Getpagesize()
	from, to := testPipe(t), testPipe(t)
	lent := false
	for i := range 100 {
		lends := i%7 == 3
		fill := borrow(lend.File)
		if !lends {
			fill = func(p *pipe) error { return p.write(make([]byte, page)) }
		}
		for range 3 {
			if err := errors.Join(fill(from)); err != nil {
				t.Fatal(err)
			}
			lent = lent || lends
		}
		n, err := unix.Splice(from.r, nil, to.w, nil, 3*page, unix.SPLICE_F_NONBLOCK)
		if err != nil || int(n) != 3*page {
			t.Fatalf("splice: %d, %v", n, err)
		}
		want := 3 * page
		if lent {
			want = -1
		}
		if got, err := c.Written(to.r); err != nil || got != want {
			t.Fatalf("round %d: written %d, %v; want %d", i, got, err, want)
		}
		if _, err := unix.Read(to.r, make([]byte, 3*page)); err != nil {
			t.Fatal(err)
		}
		lent = false
	}
}

// TestSmall: a pipe of two slots, which is what a user beyond the budget gets.
func TestSmall(t *testing.T) {
	c := newChecker(t)
	page := os.Getpagesize()
	for _, test := range []struct {
		last func(*pipe) error
		want int
	}{
		{func(p *pipe) error { return p.write(make([]byte, page)) }, 2 * page},
		{borrow(lend.Memory), -1},
	} {
		p := testPipe(t)
		if _, err := unix.FcntlInt(uintptr(p.r), unix.F_SETPIPE_SZ, 2*page); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(p.write(make([]byte, page)), test.last(p)); err != nil {
			t.Fatal(err)
		}
		if got, err := c.Written(p.r); err != nil || got != test.want {
			t.Errorf("written %d, %v; want %d", got, err, test.want)
		}
	}
}

// TestNoPipe: a descriptor that is not a pipe, or not open, holds nothing written.
func TestNoPipe(t *testing.T) {
	c := newChecker(t)
	for _, fd := range []int{1 << 20, -1} {
		if got, err := c.Written(fd); got != -1 {
			t.Errorf("descriptor %d: written %d, %v", fd, got, err)
		}
	}
}

func BenchmarkWritten(b *testing.B) {
	c := newChecker(b)
	p := testPipe(b)
	n, _ := unix.FcntlInt(uintptr(p.r), unix.F_SETPIPE_SZ, 1<<20)
	if err := p.write(make([]byte, n)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if got, err := c.Written(p.r); got != n {
			b.Fatal(err)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	newChecker(b)
	for b.Loop() {
		c, err := New()
		if err != nil {
			b.Fatal(err)
		}
		c.Close()
	}
}
