package egress

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/bufpool"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/loop"
	"viamillipede/engine/ring"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// soon bounds waits, in tests that do not hang.
const soon = 30 * time.Second

// What fails between the last byte and success fails the stream, at once, and is named.
func TestEndFails(t *testing.T) {
	far, near, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	defer near.Close()
	d, in, failed := deliveryTo(t, near)
	d.finish = func() error { return os.NewSyscallError("close", unix.EIO) }
	at, err := loop.New(0, -1, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer at.Close()
	leg := legOf(t, 0, 0, 32<<10)
	if out := in.Publish(0, leg); out != ring.Published {
		t.Fatal(out)
	}
	d.End.Store(&wire.End{Legs: 1, Bytes: uint64(leg.Length)})
	d.Deliver(at)
	if _, err := io.ReadFull(far, make([]byte, leg.Length)); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-failed:
		if err.Status != stream.StatusLocalPipe || !strings.Contains(err.Error(), "close: input/output error") {
			t.Errorf("status %d, %v", err.Status, err)
		}
	case <-time.After(soon):
		t.Fatal("the stream does not fail")
	}
	<-d.ended
	if d.in() != broken {
		t.Errorf("the stream is %v", d.in())
	}
}

// deliveryTo is a Delivery to a sink, of a stream that is the receiver's own, with room for 8 legs; failed tells why it fails.
func deliveryTo(t *testing.T, to *os.File) (d *Delivery, in ring.Producer[Leg], failed chan *stream.Error) {
	t.Helper()
	sink, err := netio.OpenSink(int(to.Fd()), nil)
	if err != nil {
		t.Fatal(err)
	}
	d, failed = &Delivery{}, make(chan *stream.Error, 1)
	d.Open(sink, 1, Config{
		Farewell: soon, Over: make(chan struct{}), Fail: func(err *stream.Error) { failed <- err },
		Complete: func(wire.Done) { t.Error("the sender is told that all is well") }, Resume: func() {},
	})
	t.Cleanup(d.Close)
	legs, in, out := ring.New[Leg](8, 0)
	d.Attach(legs, out, 1<<20)
	d.Begin()
	return d, in, failed
}

// legOf is a leg in a buffer.
func legOf(t *testing.T, number, offset uint64, length int) *Leg {
	t.Helper()
	pool, err := bufpool.New(bufpool.Config{Shards: 1, Buffers: 1, Size: length})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	return &Leg{Leg: wire.Leg{Number: number, Offset: offset, Length: uint32(length)}, Buf: pool.Get(0)}
}
