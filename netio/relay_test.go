package netio

import (
	"bytes"
	"testing"

	"golang.org/x/sys/unix"
)

// A socket relays if it never waits. It takes what fits, and the rest stays in the pipe.
func TestOffer(t *testing.T) {
	r, w := pair(t, "socket")
	s, err := OpenSink(w, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Relays() {
		t.Error("a socket that blocks relays")
	}
	if err := unix.SetNonblock(w, true); err != nil {
		t.Fatal(err)
	}
	if !s.Relays() {
		t.Error("a socket that does not block does not relay")
	}
	_ = unix.SetsockoptInt(w, unix.SOL_SOCKET, unix.SO_SNDBUF, 16<<10)
	p, err := newPipe(1<<20, nil)
	if err != nil {
		t.Skip(err)
	}
	defer p.close()
	data := bytes.Repeat([]byte("relay me."), 50_000)
	n, err := unix.Write(p.w, data)
	if err != nil {
		t.Fatal(err)
	}
	data, p.held = data[:n], n
	var got []byte
	for b := make([]byte, 1<<20); len(got) < len(data); {
		_, err := s.Offer(p)
		for err == nil && p.Len() > 0 {
			_, err = s.Offer(p)
		}
		if err != nil && err != ErrAgain {
			t.Fatal(err)
		}
		n, err := unix.Read(r, b)
		if err != nil || n == 0 {
			t.Fatal(n, err)
		}
		got = append(got, b[:n]...)
		if len(got)+p.Len() > len(data) {
			t.Fatalf("%d bytes came out, and %d of %d are left", len(got), p.Len(), len(data))
		}
	}
	if !bytes.Equal(got, data) {
		t.Error("other bytes came out")
	}
}
