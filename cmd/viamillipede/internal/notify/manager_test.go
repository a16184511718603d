package notify

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// hears is a manager's socket of that name.
func hears(t *testing.T, name string) *net.UnixConn {
	t.Helper()
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

// names of sockets of both kinds.
func sockets(t *testing.T) map[string]string {
	return map[string]string{
		"path": filepath.Join(t.TempDir(), "s"), "abstract": fmt.Sprintf("@viamillipede-test-%d-%d", os.Getpid(), time.Now().UnixNano()),
	}
}

// All that is told comes, in order, a variable's last word in place of those before it; nothing goes beyond its own line.
func TestManager(t *testing.T) {
	for kind, name := range sockets(t) {
		c := hears(t, name)
		m := NewManager(name, func(err error) { t.Error(err) })
		m.Tell("STATUS=one\nREADY=0")
		m.Tell("STATUS=two", "READY=1")
		m.Tell("STOPPING=1")
		m.Close()
		all := ""
		for b := make([]byte, 1000); !strings.Contains(all, "STOPPING=1"); {
			n, err := c.Read(b)
			if err != nil {
				t.Fatal(err)
			}
			all += string(b[:n]) + "\n"
		}
		if !strings.HasSuffix(all, "STATUS=two\nREADY=1\nSTOPPING=1\n") || strings.Contains(all, "\nREADY=0") {
			t.Errorf("%s: got %q", kind, all)
		}
	}
}

// A manager that is not there, or whose name makes no sense, is said once; one that takes nothing holds nobody up for long.
func TestManagerThatDoesNotHear(t *testing.T) {
	for _, name := range []string{filepath.Join(t.TempDir(), "none"), "nonsense", "vsock:2:1234"} {
		var said atomic.Int32
		m := NewManager(name, func(error) { said.Add(1) })
		m.Tell("READY=1")
		m.Tell("STATUS=x")
		m.Close()
		if n := said.Load(); n != 1 {
			t.Errorf("%s: said %d times", name, n)
		}
	}
	name := filepath.Join(t.TempDir(), "s")
	hears(t, name)
	var said atomic.Int32
	m := NewManager(name, func(error) { said.Add(1) })
	for range 1 << 20 { // more than the socket's queue holds, whatever net.unix.max_dgram_qlen says
		if said.Load() > 0 {
			break
		}
		if err := m.datagram("X=1"); err != nil {
			said.Add(1)
		}
	}
	m.Tell("READY=1")
	begun := time.Now()
	m.Close()
	if took := time.Since(begun); said.Load() != 2 || took > 10*sendMost {
		t.Errorf("said %d times, closed after %v", said.Load(), took)
	}
	var nobody *Manager
	nobody.Tell("READY=1")
	nobody.Close()
}
