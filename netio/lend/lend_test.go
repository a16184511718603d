package lend

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestLent: a page comes out of the pipe as it was or, where the kernel did not copy it, as it is now. A pipe that is full takes
// none, and nothing is left open then.
func TestLent(t *testing.T) {
	for name, put := range map[string]func(w int, first byte) (*Page, error){"memory": Memory, "file": File} {
		t.Run(name, func(t *testing.T) {
			var fds [2]int
			if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
				t.Fatal(err)
			}
			defer unix.Close(fds[0])
			defer unix.Close(fds[1])
			p, err := put(fds[1], 'a')
			if errors.Is(err, os.ErrPermission) || errors.Is(err, errors.ErrUnsupported) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Set('b'); err != nil {
				t.Error(err)
			}
			p.Close()
			got := make([]byte, os.Getpagesize()+1)
			if n, err := unix.Read(fds[0], got); n != os.Getpagesize() || err != nil || got[0] != 'a' && got[0] != 'b' || got[1] != 0 {
				t.Errorf("%d bytes that begin with %q, %v", n, got[:2], err)
			}
			had := opened(t)
			for err = nil; err == nil; {
				if p, err = put(fds[1], 'a'); err == nil {
					p.Close()
				}
			}
			if !errors.Is(err, unix.EAGAIN) || opened(t) != had {
				t.Errorf("a full pipe: %v, %d descriptors, %d before", err, opened(t), had)
			}
		})
	}
}

func opened(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}
