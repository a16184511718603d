package sealed

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"viamillipede/engine/seal"
	"viamillipede/netio"
)

// socket is a peer's side of a link in memory, that takes and gives what its test allows.
type socket struct {
	netio.Conn        // the methods that no test calls
	out        []byte // what was sent
	in         []byte // what may be read
	takes      int    // bytes that it still takes
	piece      int    // the most that one call moves; 0: any number
	finished   bool
	over       bool // the end is behind in
}

func (s *socket) Send(a, b []byte) (int, error) {
	n := min(s.takes, len(a))
	if s.piece > 0 {
		n = min(n, s.piece)
	}
	if n == 0 {
		return 0, netio.ErrAgain
	}
	s.out = append(s.out, a[:n]...)
	s.takes -= n
	return n, nil
}

func (s *socket) Recv(a, _ []byte) (int, error) {
	n := len(a)
	if s.piece > 0 {
		n = min(n, s.piece)
	}
	n = copy(a[:n], s.in)
	s.in = s.in[n:]
	switch {
	case n > 0:
		return n, nil
	case s.over:
		return 0, io.EOF
	}
	return 0, netio.ErrAgain
}

func (s *socket) Writable() bool      { return s.takes > 0 }
func (s *socket) Finish()             { s.finished = true }
func (s *socket) Queued() netio.Queue { return netio.Queue{Told: true, Acked: uint64(len(s.out))} }
func (s *socket) Close() error        { return nil }
func (s *socket) Abort() error        { return nil }

const plenty = 1 << 30

// ends makes both ends of a link that has done its handshake.
func ends(t testing.TB) (tx, rx *Conn, out, in *socket) {
	t.Helper()
	k := seal.NewKey()
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	for _, c := range []net.Conn{a, b} {
		c.SetDeadline(time.Now().Add(30 * time.Second))
	}
	got := make(chan *seal.Conn, 1)
	go func() { c, _ := k.Hear(context.Background(), b); got <- c }()
	near, err := k.Dial(context.Background(), a)
	far := <-got
	if err != nil || far == nil {
		t.Fatal("no handshake:", err)
	}
	out, in = &socket{takes: plenty}, &socket{takes: plenty}
	_, i, o, err := near.Release()
	_, i2, o2, err2 := far.Release()
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	return New(out, i, o), New(in, i2, o2), out, in
}

// TestAnyPieces: whatever the socket takes and gives at a time, and however the ends ask, what comes out is what went in.
func TestAnyPieces(t *testing.T) {
	for seed := range 200 {
		r := rand.New(rand.NewPCG(uint64(seed), 1))
		tx, rx, out, in := ends(t)
		data := make([]byte, r.IntN(700<<10))
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		if r.IntN(2) == 0 {
			in.piece = 1 + r.IntN(40000)
		}
		if seed%2 == 0 {
			tx.out.Limit(2 + uint64(r.IntN(9)))
		}
		var got []byte
		for sent, calls := 0, 0; len(got) < len(data); calls++ {
			if calls > 1<<20 {
				t.Fatalf("seed %d: nothing moves, %d of %d sent, %d came", seed, sent, len(data), len(got))
			}
			out.takes = r.IntN(200 << 10)
			if sent < len(data) {
				a := data[sent:min(len(data), sent+r.IntN(100))]
				b := data[sent+len(a) : sent+len(a)+r.IntN(len(data)-sent-len(a)+1)]
				n, err := tx.Send(a, b)
				if err != nil && err != netio.ErrAgain {
					t.Fatal(err)
				}
				sent += n
				if sent == len(data) && tx.from < tx.to {
					t.Fatalf("seed %d: all is taken, and some of it waits", seed)
				}
			}
			in.in = append(in.in, out.out...)
			out.out = nil
			a, b := make([]byte, r.IntN(1<<r.IntN(18))), make([]byte, r.IntN(40))
			n, err := rx.Recv(a, b)
			if err != nil && err != netio.ErrAgain {
				t.Fatal(err)
			}
			if n < len(a)+len(b) && rx.Kept() {
				t.Fatalf("seed %d: a short call has kept something", seed)
			}
			if n < len(a)+len(b) && len(in.in) > 0 && in.piece == 0 {
				t.Fatalf("seed %d: a short call has left something in the socket", seed)
			}
			got = append(append(got, a[:min(n, len(a))]...), b[:max(0, n-len(a))]...)
		}
		if !bytes.Equal(got, data) {
			t.Fatalf("seed %d: something else came out", seed)
		}
	}
}

// TestLegIsNotTaken: a socket that takes nothing gets no part of a leg, so that the leg can go by another link.
func TestLegIsNotTaken(t *testing.T) {
	tx, rx, out, in := ends(t)
	out.takes = 0
	if n, err := tx.Send([]byte("header"), []byte("payload")); n > 0 || err != netio.ErrAgain {
		t.Fatal(n, err)
	}
	out.takes = plenty
	if n, err := tx.Send([]byte("another"), nil); n != 7 || err != nil {
		t.Fatal(n, err)
	}
	in.in = out.out
	b := make([]byte, 100)
	if n, err := rx.Recv(b, nil); err != nil || string(b[:n]) != "another" {
		t.Fatal(string(b[:n]), err)
	}
}

// A part of a record is a sign of life: it is no reason to wait for the whole of it in silence, and nothing to read.
func TestPartIsHeard(t *testing.T) {
	tx, rx, out, in := ends(t)
	data := make([]byte, 10000)
	if n, err := tx.Send(data, nil); n != len(data) || err != nil {
		t.Fatal(n, err)
	}
	got := make([]byte, len(data))
	for _, part := range [][]byte{out.out[:3], out.out[3:9000]} {
		in.in = part
		if n, err := rx.Recv(got, nil); n != 0 || err != nil {
			t.Errorf("a part: %d, %v, want 0 and no error", n, err)
		}
		if _, err := rx.Recv(got, nil); err != netio.ErrAgain {
			t.Errorf("nothing more: %v, want %v", err, netio.ErrAgain)
		}
	}
	in.in = out.out[9000:]
	if n, err := rx.Recv(got, nil); n != len(data) || err != nil {
		t.Errorf("the rest: %d, %v, want all of it", n, err)
	}
}

// TestEndIsSigned: an end that the peer has said is one, and a cut is a link that is lost; both after what came before.
func TestEndIsSigned(t *testing.T) {
	for _, signed := range []bool{true, false} {
		tx, rx, out, in := ends(t)
		if _, err := tx.Send([]byte("the last words"), nil); err != nil {
			t.Fatal(err)
		}
		if signed {
			tx.Finish()
		}
		if out.finished != signed {
			t.Error("our side has ended:", out.finished)
		}
		in.in, in.over = out.out, true
		b := make([]byte, 100)
		if n, err := rx.Recv(b, nil); err != nil || string(b[:n]) != "the last words" {
			t.Fatal(string(b[:n]), err)
		}
		want := error(io.EOF)
		if !signed {
			want = ErrCut
		}
		if n, err := rx.Recv(b, nil); n > 0 || err != want || !netio.Closed(err) {
			t.Errorf("signed %v: %d, %v", signed, n, err)
		}
	}
}

// TestEndWaitsForRoom: our side ends once the socket has taken what says so.
func TestEndWaitsForRoom(t *testing.T) {
	tx, _, out, _ := ends(t)
	out.takes = 3
	tx.Finish()
	if out.finished {
		t.Fatal("it has ended before that was said")
	}
	out.takes = plenty
	if _, err := tx.Recv(make([]byte, 10), nil); err != netio.ErrAgain {
		t.Fatal(err)
	}
	if !out.finished {
		t.Fatal("it has not ended")
	}
	if _, err := tx.Send([]byte("more"), nil); err == nil {
		t.Fatal("more is sent after the end")
	}
}

// TestForgedIsTheEnd: after a record that does not open, nothing more is read, and what came before it is.
func TestForgedIsTheEnd(t *testing.T) {
	tx, rx, out, in := ends(t)
	for _, word := range []string{"good", "bad!", "next"} {
		if _, err := tx.Send([]byte(word), nil); err != nil {
			t.Fatal(err)
		}
	}
	in.in = out.out
	in.in[len(in.in)/3+8] ^= 1
	b := make([]byte, 100)
	if n, err := rx.Recv(b, nil); err != nil || string(b[:n]) != "good" {
		t.Fatal(string(b[:n]), err)
	}
	for range 2 {
		if n, err := rx.Recv(b, nil); n > 0 || !errors.Is(err, seal.ErrForged) {
			t.Fatal(n, err)
		}
	}
}

// TestAckedIsClear: what the kernel has acknowledged is counted without what records add.
func TestAckedIsClear(t *testing.T) {
	tx, _, _, _ := ends(t)
	data := make([]byte, 100000)
	for sent := 0; sent < len(data); {
		n, err := tx.Send(data[sent:], nil)
		if err != nil {
			t.Fatal(err)
		}
		sent += n
	}
	if q := tx.Queued(); q.Acked != uint64(len(data)) {
		t.Errorf("%d of %d", q.Acked, len(data))
	}
}

// TestNothingIsAllocated: neither way, once the buffers are there.
func TestNothingIsAllocated(t *testing.T) {
	tx, rx, out, in := ends(t)
	data, b := make([]byte, 1<<17), make([]byte, 1<<17)
	out.out = make([]byte, 0, 1<<19)
	if n := testing.AllocsPerRun(50, func() {
		out.out = out.out[:0]
		sent, _ := tx.Send(data, nil)
		in.in = out.out
		if n, err := rx.Recv(b[:sent], nil); n != sent || err != nil {
			t.Fatal(n, sent, err)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkThrough(b *testing.B) {
	tx, rx, out, in := ends(b)
	data, got := make([]byte, 1<<20), make([]byte, 1<<20)
	b.SetBytes(1 << 20)
	b.ReportAllocs()
	for b.Loop() {
		for sent, came := 0, 0; came < len(data); {
			out.out = out.out[:0]
			n, _ := tx.Send(data[sent:], nil)
			sent += n
			in.in = out.out
			n, _ = rx.Recv(got[came:sent], nil)
			came += n
		}
	}
}
