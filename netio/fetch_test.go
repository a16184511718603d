package netio

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// A file of the kernel's own that can be watched may have more later: it is waited for by a poller, and not in a read.
func TestWatchableFile(t *testing.T) {
	for name, want := range map[string]bool{"/proc/self/mounts": true, "/proc/self/cmdline": false} {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		s, err := OpenSource(int(f.Fd()), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if s.Pollable() != want {
			t.Errorf("%s: pollable %v", name, !want)
		}
		if n, err := s.Read(make([]byte, 1<<16)); n == 0 || err != nil {
			t.Errorf("%s: %d bytes, %v", name, n, err)
		}
	}
}

// What is not in the page cache is known not to be, and is once it was fetched.
func TestFetch(t *testing.T) {
	const size = 3 << 20
	f, err := os.CreateTemp(t.TempDir(), "source")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	s, err := OpenSource(int(f.Fd()), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	switch ready, known := s.Ready(0, size); {
	case !known:
		t.Skip("this file system cannot tell")
	case !ready:
		t.Fatal("what was just written is not there")
	}
	if err := unix.Fdatasync(int(f.Fd())); err != nil {
		t.Fatal(err)
	}
	if err := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		t.Fatal(err)
	}
	if ready, _ := s.Ready(0, size); ready {
		t.Skip("this file system has no page cache to leave")
	}
	s.Fetch(1<<20, 1<<20)
	if ready, known := s.Ready(1<<20, 1<<20); !ready || !known {
		t.Errorf("after it was fetched: ready %v, known %v", ready, known)
	}
	if ready, known := s.Ready(size-10, 100); ready || !known {
		t.Errorf("beyond the end: ready %v, known %v", ready, known)
	}
}
