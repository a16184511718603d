package local

import (
	"errors"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// rounds and programs are how often so many begin at the same moment.
const (
	rounds   = 100
	programs = 8
)

// TestAtOnce: of programs that listen at one path at the same moment, where a killed one has left its socket, one does, and the others hear
// why they do not.
func TestAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	for range rounds {
		abandon(t, path)
		var all sync.WaitGroup
		var won atomic.Pointer[Listener]
		begin := make(chan struct{})
		for range programs {
			all.Go(func() {
				<-begin
				switch l, err := Listen(path, 0o600); {
				case err == nil && !won.CompareAndSwap(nil, l):
					l.Close()
					t.Error("two programs listen at one path")
				case err != nil && !errors.Is(err, syscall.EADDRINUSE):
					t.Error(err)
				}
			})
		}
		close(begin)
		all.Wait()
		l := won.Load()
		if l == nil {
			t.Fatal("nobody listens")
		}
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		there, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		there.Close()
		c.Close()
		l.Close()
	}
}

// abandon leaves a socket at which nobody listens.
func abandon(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
}

// TestLocked: a folder that somebody has locked is not waited for without end, and is free once he lets go of it. What cannot be locked is
// not.
func TestLocked(t *testing.T) {
	dir := t.TempDir()
	free, err := lock(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock(dir, 0); !errors.Is(err, errLocked) {
		t.Errorf("%v, want %v", err, errLocked)
	}
	free()
	for _, name := range []string{dir, filepath.Join(dir, "none")} {
		free, err := lock(name, 0)
		if err != nil {
			t.Fatal(err)
		}
		free()
	}
}
