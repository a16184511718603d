package engine_test

import (
	"bytes"
	"io"
	"testing"

	"golang.org/x/sys/unix"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/wire"
)

// A stream that fails leaves a file that ends with the last byte delivered in order, whatever came early and had its place
// behind a gap already.
//
//	legs:  0 |   | 2 | 3     then the sender fails
//	file:  0
func TestFailedStreamLeavesNoGap(t *testing.T) {
	const leg = 64 << 10
	rx := receive(t, engine.Options{}, enginetest.KindFile, nil)
	s := newStream(4, leg)
	h := rx.link(0)
	h.send(s.frame(0), s.frame(2), s.frame(3))
	h.until(func(f wire.Header, payload []byte) bool {
		return f.Type == wire.TypeAck && f.A == 1 && len(payload) > 0 && payload[0] == 0b11
	})
	if b := rx.content(); !bytes.Equal(b[2*leg:], s.data[2*leg:]) {
		t.Errorf("the early legs are not in their places, of %d bytes", len(b))
	}
	h.send(wire.Fault{Status: uint16(engine.StatusLocalPipe), Text: "no more"}.Append(nil))
	rx.wants(engine.StatusRemotePipe)
	if b := rx.content(); !bytes.Equal(b, s.data[:leg]) {
		t.Errorf("%d bytes are left, want the first %d", len(b), leg)
	}
}

// The same when the program does not wait for the stream to end: the file is cut while the loops run, and what comes in then
// is not written.
func TestCutLeavesNoGap(t *testing.T) {
	const leg = 64 << 10
	var r *engine.Receiver
	rx := receiveFor(t, engine.Options{CPUs: unpinned(2), Threads: 2}, enginetest.KindFile, &r)
	s := newStream(6, leg)
	h := rx.link(0)
	h.send(s.frame(0), s.frame(2), s.frame(3))
	h.until(func(f wire.Header, payload []byte) bool {
		return f.Type == wire.TypeAck && f.A == 1 && len(payload) > 0 && payload[0] == 0b11
	})
	r.Cut(soon)
	if b := rx.content(); !bytes.Equal(b, s.data[:leg]) {
		t.Errorf("%d bytes are left, want the first %d", len(b), leg)
	}
	h.send(s.frame(5), s.frame(1))
	h.until(func(f wire.Header, _ []byte) bool { return f.Type == wire.TypeError })
	if b := rx.content(); !bytes.Equal(b, s.data[:leg]) {
		t.Errorf("%d bytes are left then, want the first %d", len(b), leg)
	}
	rx.wants(engine.StatusLocalPipe)
}

func (r *running) content() []byte {
	r.t.Helper()
	b, err := r.stdio.Content()
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

// A file that grows while it is sent is sent as long as it was at the start; one that shrinks fails the stream at both ends.
func TestSourceChanges(t *testing.T) {
	const leg, legs = 64 << 10, 8
	data := content(3, legs*leg)
	for _, c := range []struct {
		name   string
		io     string
		change func(fd int) error
		status engine.Status
	}{
		{"grows", "auto", grow, engine.StatusDone},
		{"grows", "copy", grow, engine.StatusDone},
		{"shrinks", "auto", shrink, engine.StatusIntegrity},
		{"shrinks", "copy", shrink, engine.StatusIntegrity},
	} {
		t.Run(c.name+" "+c.io, func(t *testing.T) {
			tx := send(t, engine.Options{Leg: leg, IO: c.io}, data, nil)
			h := tx.accept(tx.listen(), 2)
			h.until(func(f wire.Header, _ []byte) bool { return f.Type == wire.TypeLeg && f.A == 1 })
			if err := c.change(tx.stdio.FD); err != nil {
				t.Fatal(err)
			}
			h.send(wire.Ack{Received: 2, Delivered: 2}.Append(nil))
			if c.status == engine.StatusIntegrity {
				if f := h.untilType(wire.TypeError); engine.Status(f.A) != c.status {
					t.Errorf("the receiver is told status %d", f.A)
				}
				tx.wants(c.status)
				return
			}
			h.takeFrom(2, legs)
			if end := h.untilType(wire.TypeEnd).End(); end.Bytes != uint64(len(data)) {
				t.Errorf("END says %d bytes, want %d", end.Bytes, len(data))
			}
			h.send(wire.Done{Legs: legs, Bytes: uint64(len(data))}.Append(nil))
			tx.wants(c.status)
			if at, err := unix.Seek(tx.stdio.FD, 0, io.SeekCurrent); err == nil && at != int64(len(data)) {
				t.Errorf("the file's offset is %d, want %d", at, len(data))
			}
		})
	}
}

// takeFrom acknowledges each leg from one to the last as it comes.
func (h *hand) takeFrom(first, legs uint64) {
	h.t.Helper()
	for n := first; n < legs; n++ {
		h.until(func(f wire.Header, _ []byte) bool { return f.Type == wire.TypeLeg && f.A == n })
		h.send(wire.Ack{Received: n + 1, Delivered: n + 1}.Append(nil))
	}
}

func grow(fd int) error {
	_, err := unix.Pwrite(fd, []byte("more"), 8*64<<10)
	return err
}

func shrink(fd int) error { return unix.Ftruncate(fd, 3*64<<10) }
