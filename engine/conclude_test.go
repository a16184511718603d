package engine_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/observe"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// The sender is told that all is delivered once the consumer has read it, and not before.
func TestDoneWaitsForTheConsumer(t *testing.T) {
	rx := receive(t, rig.Setup{}, enginetest.KindPipe, nil)
	s := newStream(2, 32<<10)
	h := rx.link(0)
	h.send(s.frame(0), s.frame(1), s.end())
	h.untilReceived(2)
	for range 3 { // what the receiver says while it waits
		h.until(func(f wire.Header, _ []byte) bool {
			if f.Type == wire.TypeDone {
				t.Fatal("the sender is told that all is delivered, and nobody has read it")
			}
			return f.Type == wire.TypeBeat
		})
	}
	got := rx.consume()
	h.untilType(wire.TypeDone)
	h.send(wire.Bye{Stream: true}.Append(nil))
	rx.wants(engine.StatusDone)
	if b := <-got; !bytes.Equal(b, s.data) {
		t.Errorf("%d bytes came out", len(b))
	}
}

// A consumer that goes away with the end of the stream unread fails it, and both ends say how much that was.
func TestConsumerLeavesTheTailUnread(t *testing.T) {
	for _, kind := range []enginetest.Kind{enginetest.KindPipe, enginetest.KindSocket, enginetest.KindRelay} {
		t.Run(kind.String(), func(t *testing.T) {
			rx := receive(t, rig.Setup{}, kind, nil)
			s := newStream(2, 32<<10)
			h := rx.link(0)
			h.send(s.frame(0), s.frame(1), s.end())
			h.untilReceived(2)
			rx.untilHeld([]*hand{h}) // the end, too
			rx.read(10000)
			rx.stdio.Far.Close()
			f, text := h.fault()
			if engine.Status(f.A) != engine.StatusLocalPipe || !strings.Contains(text, "unread") {
				t.Errorf("the sender is told status %d, %s", f.A, text)
			}
			want := map[enginetest.Kind]string{
				enginetest.KindPipe:   " 55536 bytes of the 65536 ",
				enginetest.KindSocket: " some of the 65536 bytes ", // the kernel counts memory
			}[kind]
			if !strings.Contains(text, want) {
				t.Errorf("%q does not say%s", text, want)
			}
			rx.wants(engine.StatusLocalPipe)
		})
	}
}

// fault reads frames up to the peer's error.
func (h *hand) fault() (f wire.Header, text string) {
	h.t.Helper()
	f = h.until(func(f wire.Header, payload []byte) bool {
		text = string(payload)
		return f.Type == wire.TypeError
	})
	return f, text
}

// Nothing that the end of the stream takes has to be opened then: there may be no descriptor left, or no /dev.
func TestEndNeedsNoDescriptor(t *testing.T) {
	for _, kind := range []enginetest.Kind{enginetest.KindPipe, enginetest.KindFile} {
		t.Run(kind.String(), func(t *testing.T) {
			rx := receive(t, rig.Setup{}, kind, nil)
			s := newStream(1, 32<<10)
			h := rx.link(0)
			h.send(s.frame(0))
			h.untilReceived(1)
			if kind == enginetest.KindPipe {
				rx.read(len(s.data))
			}
			defer noDescriptors(t, rx.stdio.FD)()
			h.send(s.end())
			h.untilType(wire.TypeDone)
			h.send(wire.Bye{Stream: true}.Append(nil))
			rx.wants(engine.StatusDone)
		})
	}
}

// noDescriptors makes the kernel refuse new descriptors. The limit is above fd, because dup3(2) is held to it too.
func noDescriptors(t *testing.T, fd int) (restore func()) {
	t.Helper()
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	none := was
	none.Cur = uint64(fd) + 1
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &none); err != nil {
		t.Fatal(err)
	}
	var holes []int
	for {
		hole, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			break
		}
		holes = append(holes, hole)
	}
	for _, hole := range holes { // what they are open to must not be the sink: its consumer waits for the end
		_ = unix.Dup3(0, hole, unix.O_CLOEXEC)
	}
	return func() {
		for _, hole := range holes {
			unix.Close(hole)
		}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
			t.Error(err)
		}
	}
}

// Copies of a leg that come late, and damaged, are no reason to fail a stream that is delivered.
//
//	link 0:  leg 0 |-------| END      DONE
//	link 1:  leg 0 |---                     ---X damaged
//	link 2:  leg 0 |---                     ---X damaged
func TestDamagedCopiesAfterTheEnd(t *testing.T) {
	rx := receive(t, rig.Setup{Options: engine.Options{Checksum: true}}, enginetest.KindPipe, nil)
	checked := func(h *wire.Hello) { h.Features = wire.FeatureChecksum }
	data := content(7, 32<<10)
	frame := func(payload []byte) []byte {
		return append(wire.Leg{Length: uint32(len(data)), Checksum: wire.Checksum(data), Checked: true}.Append(nil), payload...)
	}
	bad := bytes.Clone(data)
	bad[len(bad)-1]++
	const begun = wire.HeaderLen + 1000
	late := []*hand{rx.link(1, checked), rx.link(2, checked)}
	for _, h := range late {
		h.send(frame(bad)[:begun])
	}
	rx.untilHeld(late)
	h := rx.link(0, checked)
	got := rx.consume()
	h.send(frame(data), wire.End{Legs: 1, Bytes: uint64(len(data))}.Append(nil))
	h.untilType(wire.TypeDone)
	for _, l := range late {
		l.send(frame(bad)[begun:])
		l.untilClosed()
	}
	h.send(wire.Bye{Stream: true}.Append(nil))
	rx.wants(engine.StatusDone)
	if b := <-got; !bytes.Equal(b, data) {
		t.Errorf("%d bytes came out", len(b))
	}
}

// Where the user allows it, a consumer may stop early: while the stream is written, or with the tail in its pipe.
func TestConsumerMayStopEarly(t *testing.T) {
	for _, whole := range []bool{false, true} {
		t.Run(fmt.Sprintf("all is written: %v", whole), func(t *testing.T) {
			rx := receive(t, rig.Setup{Options: engine.Options{Early: true}}, enginetest.KindPipe, nil)
			s := newStream(3, 16<<10)
			h := rx.link(0)
			h.send(s.frame(0), s.frame(1))
			if whole {
				h.send(s.frame(2), s.end())
				h.untilReceived(3)
			} else {
				h.untilReceived(2)
			}
			rx.read(10000)
			rx.stdio.Far.Close()
			d := h.untilType(wire.TypeDone).Done()
			if !d.Early || d.Bytes != 10000 {
				t.Errorf("the sender is told %+v", d)
			}
			h.send(wire.Bye{Stream: true}.Append(nil))
			rx.wants(engine.StatusDone)
			if count[observe.ConsumerStopped](rx.log, nil) == 0 {
				t.Errorf("nothing is said of that: %s", rx.log)
			}
		})
	}
}

// The sender takes the word of a receiver whose consumer stopped early for a success, in the middle of the stream.
func TestSenderMayEndEarly(t *testing.T) {
	tx := sendFile(t, rig.Setup{Options: engine.Options{Leg: 64 << 10}}, content(3, 8*64<<10))
	h := tx.accept(2)
	h.until(func(f wire.Header, _ []byte) bool { return f.Type == wire.TypeLeg })
	h.send(wire.Done{Legs: 0, Bytes: 700, Early: true}.Append(nil))
	tx.wants(engine.StatusDone)
}

// A consumer may know by itself where its stream ends, and go away as soon as it has all of it. That is a success, whether the
// end was told before or comes after; more of the stream is not. It may be gone before the loop that wrote its last byte goes
// on, hence the rounds.
func TestConsumerKnowsTheEnd(t *testing.T) {
	for round := range 20 {
		for _, more := range []bool{false, true} {
			t.Run(fmt.Sprintf("there is more: %v, round %d", more, round), func(t *testing.T) {
				t.Parallel()
				consumerLeaves(t, more)
			})
		}
	}
}

// consumerLeaves has the consumer leave after one of two legs, or after both.
func consumerLeaves(t *testing.T, more bool) {
	o := rig.Setup{Hooks: rig.Hooks{Timing: steady}}
	o.Timing.Farewell = soon // for as long END may come
	rx := receive(t, o, enginetest.KindPipe, nil)
	s := newStream(2, 32<<10)
	h := rx.link(0)
	h.send(s.frame(0))
	rx.read(s.leg)
	if !more {
		h.send(s.frame(1))
		rx.read(s.leg)
	}
	rx.stdio.Far.Close()
	h.untilType(wire.TypeBeat)
	h.untilType(wire.TypeBeat) // the receiver knows
	if more {
		h.send(s.frame(1))
		h.fault()
		h.c.Close()
		rx.wants(engine.StatusLocalPipe)
		return
	}
	h.send(s.end())
	h.untilType(wire.TypeDone)
	h.send(wire.Bye{Stream: true}.Append(nil))
	rx.wants(engine.StatusDone)
}
