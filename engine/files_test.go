package engine_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// A stream that fails leaves a file that ends with the last byte delivered in order, whatever came early and had its place
// behind a gap already.
//
//	legs:  0 |   | 2 | 3     then the sender fails
//	file:  0
func TestFailedStreamLeavesNoGap(t *testing.T) {
	const leg = 64 << 10
	rx := receive(t, rig.Setup{}, enginetest.KindFile, nil)
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
	rx := receiveFor(t, rig.Setup{Options: engine.Options{CPUs: unpinned(2), Threads: 2}}, enginetest.KindFile, &r)
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

// A file that changes while it is sent fails the stream at both ends, whatever the change, and whichever way its bytes go;
// another name for it is no change.
func TestSourceChanges(t *testing.T) {
	const leg, legs = 64 << 10, 8
	data := content(3, legs*leg)
	for _, c := range []struct {
		name   string
		change func(fd int) error
		status engine.Status
	}{
		{"nothing", func(int) error { return nil }, engine.StatusDone},
		{"grows", grow, engine.StatusIntegrity},
		{"shrinks", shrink, engine.StatusIntegrity},
		{"written to", overwrite, engine.StatusIntegrity},
		{"written to, and its time set back", overwriteQuietly, engine.StatusIntegrity},
	} {
		for _, o := range []rig.Setup{
			{Options: engine.Options{IO: "copy"}},
			{Options: engine.Options{IO: "auto"}},
			{Options: engine.Options{IO: "auto"}, Hooks: rig.Hooks{ForceSendFile: true}},
		} {
			t.Run(fmt.Sprintf("%s, %s, by a card: %v", c.name, o.IO, o.ForceSendFile), func(t *testing.T) {
				o.Leg = leg
				tx := sendFile(t, o, data)
				h := tx.accept(2)
				h.until(func(f wire.Header, _ []byte) bool { return f.Type == wire.TypeLeg && f.A == 1 })
				if err := c.change(tx.stdio.FD); err != nil {
					t.Fatal(err)
				}
				h.send(wire.Ack{Received: 2, Delivered: 2}.Append(nil))
				if c.status == engine.StatusIntegrity {
					h.receivesUntil(wire.TypeError, c.status)
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
}

// receivesUntil acknowledges each leg as it comes, until the sender says why it failed; END must not come before.
func (h *hand) receivesUntil(last wire.Type, status engine.Status) {
	h.t.Helper()
	f := h.until(func(f wire.Header, _ []byte) bool {
		switch f.Type {
		case wire.TypeLeg:
			_, _ = h.c.Write(wire.Ack{Received: f.A + 1, Delivered: f.A + 1}.Append(nil)) // it may have said all, and gone
		case wire.TypeEnd:
			h.t.Error("the sender says that the stream is whole")
		}
		return f.Type == last
	})
	if engine.Status(f.A) != status {
		h.t.Errorf("the receiver is told status %d", f.A)
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

func overwrite(fd int) error {
	_, err := unix.Pwrite(fd, []byte("other"), 0)
	return err
}

// overwriteQuietly leaves the time that a file shows to those who ask for the last write.
func overwriteQuietly(fd int) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if err := overwrite(fd); err != nil {
		return err
	}
	return unix.UtimesNanoAt(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd), []unix.Timespec{st.Atim, st.Mtim}, 0)
}

func shrink(fd int) error { return unix.Ftruncate(fd, 3*64<<10) }

// Others write to the file that the stream goes to: what they wrote is still there when the stream is over, whether nothing was
// received, or some of it, or all.
func TestLinesOfOthersStay(t *testing.T) {
	const leg = 64 << 10
	const line = "a line of another program\n"
	s := newStream(2, leg)
	for _, c := range []struct {
		name   string
		size   uint64 // that is announced
		before bool   // the line is written before the first leg
		legs   int
		want   string
	}{
		{"nothing received", 0, true, 0, line},
		{"before the stream", 0, true, 2, line + string(s.data)},
		{"behind a stream of known length", 2 * leg, false, 2, string(s.data) + line},
		{"behind a part of it", 2 * leg, false, 1, string(s.data[:leg]) + string(make([]byte, leg)) + line},
	} {
		t.Run(c.name, func(t *testing.T) {
			rx := receive(t, rig.Setup{}, enginetest.KindFile, nil)
			h := rx.link(0, func(h *wire.Hello) { h.Size = c.size })
			write := func() {
				if _, err := unix.Write(rx.stdio.FD, []byte(line)); err != nil { // the same open file
					t.Fatal(err)
				}
			}
			if c.before {
				write()
			}
			for i := range c.legs {
				h.send(s.frame(i))
				h.untilReceived(uint64(i) + 1)
			}
			if !c.before {
				write()
			}
			if c.legs == 2 {
				h.send(s.end())
				h.untilType(wire.TypeDone)
				h.send(wire.Bye{Stream: true}.Append(nil))
				rx.wants(engine.StatusDone)
			} else {
				h.send(wire.Fault{Status: uint16(engine.StatusLocalPipe), Text: "no more"}.Append(nil))
				status := engine.StatusRemotePipe
				if c.legs == 0 { // it waits for another sender
					h.untilClosed()
					rx.cancel()
					status = engine.StatusInterrupt
				}
				rx.wants(status)
			}
			if got := string(rx.content()); got != c.want {
				t.Errorf("%d bytes are left, want %d", len(got), len(c.want))
			}
		})
	}
}

// Where the length is not known, or is not what was announced, both cannot have their place: the stream fails rather than be mixed with
// something else.
func TestLineInTheMiddle(t *testing.T) {
	for _, announced := range []uint64{0, 64 << 10} {
		t.Run(fmt.Sprint(announced), func(t *testing.T) { lineInTheMiddle(t, announced) })
	}
}

func lineInTheMiddle(t *testing.T, announced uint64) {
	rx := receive(t, rig.Setup{}, enginetest.KindFile, nil)
	s := newStream(2, 64<<10)
	h := rx.link(0, func(h *wire.Hello) { h.Size = announced })
	h.send(s.frame(0))
	h.untilReceived(1)
	if _, err := unix.Write(rx.stdio.FD, []byte("line\n")); err != nil {
		t.Fatal(err)
	}
	h.send(s.frame(1), s.end())
	if f, text := h.fault(); engine.Status(f.A) != engine.StatusLocalPipe || !strings.Contains(text, "another program") {
		t.Errorf("the sender is told status %d, %s", f.A, text)
	}
	rx.wants(engine.StatusLocalPipe)
}
