//go:build !faults

package netio

import (
	"testing"

	"golang.org/x/sys/unix"
)

// What waits for more leaves when it is pushed.
func TestPush(t *testing.T) {
	c, peer := connected(t, nil)
	defer c.Close()
	defer peer.Close()
	if n, err := c.SendMore([]byte("a leg's "), []byte("header")); n != 14 || err != nil {
		t.Fatal(n, err)
	}
	if q := c.Queued(); q.Unsent != 14 {
		t.Errorf("%d bytes wait, want 14", q.Unsent)
	}
	c.Push()
	if q := c.Queued(); q.Unsent != 0 {
		t.Errorf("%d bytes wait after Push", q.Unsent)
	}
}

// One call fills several pieces.
func TestReadInto(t *testing.T) {
	r, w := pair(t, "pipe")
	if _, err := unix.Write(w, []byte("0123456789")); err != nil {
		t.Fatal(err)
	}
	var calls []string
	s, err := OpenSource(r, func(call string, _, _ int, _ error) { calls = append(calls, call) })
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	a, b := make([]byte, 4), make([]byte, 8)
	if n, err := s.ReadInto([][]byte{a, b}); n != 10 || err != nil || string(a)+string(b[:6]) != "0123456789" {
		t.Fatal(n, err, string(a), string(b))
	}
	if len(calls) != 1 || calls[0] != "readv" {
		t.Error(calls)
	}
}
