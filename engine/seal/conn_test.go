package seal

import (
	"context"
	"io"
	"net"
	"testing"
	"time"
)

// pair makes a sealed connection between two ends of these keys.
func pair(t testing.TB, k, j *Key) (near, far *Conn, err, farErr error) {
	t.Helper()
	a, b := net.Pipe()
	t.Cleanup(func() { a.Close(); b.Close() })
	a.SetDeadline(time.Now().Add(30 * time.Second))
	b.SetDeadline(time.Now().Add(30 * time.Second))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if far, farErr = j.Hear(context.Background(), b); farErr != nil {
			b.Close()
		}
	}()
	if near, err = k.Dial(context.Background(), a); err != nil {
		a.Close()
	}
	<-done
	return near, far, err, farErr
}

func TestHandshake(t *testing.T) {
	k := NewKey()
	near, far, err, farErr := pair(t, k, k)
	if err != nil || farErr != nil {
		t.Fatal(err, farErr)
	}
	go near.Write([]byte("there"))
	b := make([]byte, 5)
	if _, err := io.ReadFull(far, b); err != nil || string(b) != "there" {
		t.Fatal(string(b), err)
	}
	go far.Write([]byte("back!"))
	if _, err := io.ReadFull(near, b); err != nil || string(b) != "back!" {
		t.Fatal(string(b), err)
	}
}

func BenchmarkHandshake(b *testing.B) {
	k := NewKey()
	for b.Loop() {
		if _, _, err, farErr := pair(b, k, k); err != nil || farErr != nil {
			b.Fatal(err, farErr)
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	h, _ := newHalf(suites[0x1301], make([]byte, 32))
	src, dst := make([]byte, 1<<20), make([]byte, MostRecord)
	b.SetBytes(MostContent)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		at := i % 64 * MostContent
		h.Seal(dst, Data, src[at:at+MostContent], nil)
	}
}
