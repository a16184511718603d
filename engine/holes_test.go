package engine_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"golang.org/x/sys/unix"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// gap is a part of a file that has no data.
type gap struct{ at, length int64 }

// carve makes holes in data, at random: some smaller than is worth a leg, some next to each other, at the beginning and at the end.
func carve(data []byte, r *rand.Rand) (holes []gap) {
	const page = 4 << 10
	for range r.IntN(6) {
		at := r.IntN(len(data)/page+1) * page
		h := gap{int64(at), int64(min((1+r.IntN(100))*page, len(data)-at))}
		if r.IntN(5) == 0 {
			h.length = int64(len(data) - at)
		}
		if h.length > 0 {
			holes = append(holes, h)
			clear(data[h.at : h.at+h.length])
		}
	}
	return holes
}

// punch makes a file have the holes.
func punch(fd int, holes []gap) error {
	for _, h := range holes {
		if err := unix.Fallocate(fd, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, h.at, h.length); err != nil {
			return err
		}
	}
	return nil
}

// allocated is how many bytes of a file have a place on its medium.
func allocated(t *testing.T, fd int) int64 {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		t.Fatal(err)
	}
	return st.Blocks * 512
}

// A hole is not sent: a frame says how long it is. Without the receiver's word, zeros are sent.
func TestHolesAreNotSent(t *testing.T) {
	const leg = 64 << 10
	data := content(1, 5*leg)
	hole := gap{leg, 3 * leg}
	clear(data[hole.at : hole.at+hole.length])
	for _, granted := range []uint32{wire.FeatureHoles, 0} {
		o := rig.Setup{Options: engine.Options{Leg: leg, Holes: true, Threads: 1}}
		quiet(t)
		source, err := enginetest.NewSource(enginetest.KindFile, data)
		if err == nil {
			err = punch(source.FD, []gap{hole})
		}
		if err != nil {
			t.Fatal(err)
		}
		tx := sendFrom(t, o, source, []engine.Path{{Host: "a", Port: port}}, nil)
		h := tx.accept(100, func(w *wire.Welcome) { w.Features = granted })
		var got []wire.Leg
		for sum := uint64(0); sum < uint64(len(data)); {
			f := h.until(func(f wire.Header, _ []byte) bool { return f.IsLeg() })
			h.send(wire.Ack{Received: f.A + 1, Delivered: f.A + 1}.Append(nil))
			got = append(got, f.Leg())
			sum += uint64(f.Leg().Length)
		}
		holes := 0
		for _, l := range got {
			if l.Bare() {
				holes++
				if l.Offset != uint64(hole.at) || l.Length != uint32(hole.length) {
					t.Errorf("a hole of %d bytes at byte %d", l.Length, l.Offset)
				}
			}
		}
		if want := int(granted / wire.FeatureHoles); holes != want {
			t.Errorf("%d holes, want %d", holes, want)
		}
		if end := h.untilType(wire.TypeEnd).End(); end.Bytes != uint64(len(data)) {
			t.Errorf("END says %d bytes, want %d", end.Bytes, len(data))
		}
		h.send(wire.Done{Legs: uint64(len(got)), Bytes: uint64(len(data))}.Append(nil))
		tx.wants(engine.StatusDone)
	}
}

// Holes stay holes in a file, of 64 GiB too and at its end, and cost nothing on the way.
func TestHolesStayHoles(t *testing.T) {
	const leg, wide = 64 << 10, 1 << 36
	rx := receive(t, rig.Setup{}, enginetest.KindFile, nil)
	s := newStream(2, leg)
	h := rx.link(0, asking)
	frames := [][]byte{s.frame(0)}
	n, at := uint64(1), uint64(leg)
	for range 32 {
		frames = append(frames, wire.Leg{Number: n, Offset: at, Length: wide / 32, Form: wire.Hole}.Append(nil))
		n, at = n+1, at+wide/32
	}
	last := wire.Leg{Number: n, Offset: at, Length: leg}
	frames = append(frames, append(last.Append(nil), s.data[leg:]...))
	n, at = n+1, at+leg
	frames = append(frames, wire.Leg{Number: n, Offset: at, Length: 1 << 30, Form: wire.Hole}.Append(nil))
	n, at = n+1, at+1<<30
	// The tail comes first, and the first leg last.
	for i := len(frames) - 1; i > 0; i-- {
		h.send(frames[i], frames[i])
	}
	h.send(frames[0])
	h.send(wire.End{Legs: n, Bytes: at}.Append(nil))
	h.untilType(wire.TypeDone)
	kept := rx.stdio.Kept()
	var st unix.Stat_t
	if err := unix.Fstat(kept, &st); err != nil || uint64(st.Size) != at {
		t.Errorf("the file has %d bytes, want %d", st.Size, at)
	}
	if has := allocated(t, kept); has > 4*leg {
		t.Errorf("%d bytes of it are allocated", has)
	}
	b := make([]byte, leg)
	for i, offset := range []int64{0, int64(last.Offset)} {
		if _, err := unix.Pread(kept, b, offset); err != nil || !bytes.Equal(b, s.data[i*leg:(i+1)*leg]) {
			t.Errorf("other bytes at %d, or %v", offset, err)
		}
	}
	h.send(wire.Bye{Stream: true}.Append(nil))
	rx.wants(engine.StatusDone)
}

// asking makes a hello ask for holes.
func asking(h *wire.Hello) { h.Features = wire.FeatureHoles }

// What no end would send costs the link, or the stream: a hole that was not granted, and two copies of a leg of which one is a hole.
func TestHoleRefused(t *testing.T) {
	rx := receive(t, rig.Setup{}, enginetest.KindFile, nil)
	h := rx.link(0)
	h.send(wire.Leg{Length: 1, Form: wire.Hole}.Append(nil))
	h.untilClosed()
	s := newStream(2, 1000)
	anew := func(h *wire.Hello) { h.Stream = wire.StreamID{2} } // the first stream may not be gone yet, and all its hellos are alike
	h, other := rx.link(0, asking, anew), rx.link(1, asking, anew)
	h.send(s.frame(0))
	h.untilReceived(1)
	h.send(s.frame(1)[:100])
	h.untilEcho(t)
	other.send(wire.Leg{Number: 1, Offset: 1000, Length: 1000, Form: wire.Hole}.Append(nil))
	other.untilType(wire.TypeError)
	rx.wants(engine.StatusIntegrity)
}
