package engine_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// left writes what an earlier run may have left to a sink: a beginning of the data, more than all of it, or nothing, with gaps and pieces
// that are wrong. In the end the file is as long as the stream.
func (s *scenario) left(fd int, data []byte) (sink engine.SinkFile) {
	if !s.options.Resume {
		return sink
	}
	r := s.rng
	was := bytes.Clone(data[:r.IntN(len(data)+1)])
	if r.IntN(4) == 0 {
		was = append(bytes.Clone(data), content(9, r.IntN(3<<20))...)
	}
	for range r.IntN(4) {
		if len(was) == 0 {
			break
		}
		from := r.IntN(len(was))
		piece := was[from : from+r.IntN(len(was)-from)]
		if clear(piece); r.IntN(2) == 0 {
			copy(piece, content(7, len(piece)))
		}
	}
	if _, err := unix.Pwrite(fd, was, 0); err != nil && len(was) > 0 {
		panic(err)
	}
	return engine.SinkFile{Own: true, Whole: func(bytes uint64) error { return unix.Ftruncate(fd, int64(bytes)) }}
}

// digests are those of the pieces of data.
func digests(key [wire.KeyLen]byte, data []byte) wire.Digests {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	d := wire.Digests{Pieces: uint64(len(data) / wire.Piece)}
	for ; len(data) >= wire.Piece; data = data[wire.Piece:] {
		d.List = append(d.List, wire.Digest(aead.Seal(nil, make([]byte, aead.NonceSize()), nil, data[:wire.Piece])))
	}
	return d
}

// keeping makes a hello ask for KEEP.
func keeping(h *wire.Hello) { h.Features = wire.FeatureKeep }

// keepAll is a stream that the receiver has, in one leg.
func keepAll(data []byte) []byte {
	return wire.Leg{Length: uint32(len(data)), Form: wire.Kept}.Append(nil)
}

// resumes starts a receiver that has data.
func resumes(t *testing.T, data []byte) *running {
	t.Helper()
	quiet(t)
	sink, err := enginetest.NewSink(enginetest.KindFile)
	if err == nil {
		_, err = unix.Pwrite(sink.FD, data, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	return receiveInto(t, rig.Setup{Options: engine.Options{Resume: true, Connect: time.Minute}}, sink, nil)
}

// asks has a link ask, and checks the answer.
func (h *hand) asks(key byte, data []byte) {
	h.t.Helper()
	ask := wire.Ask{Key: [wire.KeyLen]byte{key}}
	h.send(ask.Append(nil))
	want, told := digests(ask.Key, data), 0
	h.until(func(f wire.Header, payload []byte) bool { // as many frames as it likes
		if f.Type != wire.TypeDigests {
			return false
		}
		d, err := f.Digests(payload, nil)
		upTo := told + len(d.List)
		if err != nil || int(d.From) != told || d.Pieces != want.Pieces || upTo > len(want.List) || !slices.Equal(d.List, want.List[told:upTo]) {
			h.t.Fatalf("digests other than those of what is in the file: %+v, %v", d, err)
		}
		told = upTo
		return told == len(want.List)
	})
}

// keeps brings a stream that the receiver has, and checks that it is whole.
func (r *running) keeps(h *hand, data []byte) {
	r.t.Helper()
	h.send(keepAll(data), wire.End{Legs: 1, Bytes: uint64(len(data))}.Append(nil))
	h.untilType(wire.TypeDone)
	h.send(wire.Bye{Stream: true}.Append(nil))
	r.wants(engine.StatusDone)
	if !bytes.Equal(r.content(), data) {
		r.t.Error("other bytes came out")
	}
}

// A sender that has asked, and has gone, leaves the receiver to the next one, which asks with a key of its own.
func TestResumeWithTheNextSender(t *testing.T) {
	data := content(1, 2*wire.Piece)
	rx := resumes(t, data)
	h := rx.link(0, keeping)
	h.asks(1, data)
	h.c.Close()
	h = rx.link(0, keeping, other)
	h.asks(2, data)
	rx.keeps(h, data)
}

// A sender that lost its links after it had been told all need not ask again, whoever was there meanwhile.
func TestResumeNeedsNoSecondQuestion(t *testing.T) {
	data := content(1, 2*wire.Piece)
	rx := resumes(t, data)
	for _, change := range []func(*wire.Hello){func(*wire.Hello) {}, other} {
		h := rx.link(0, keeping, change)
		h.asks(1, data)
		h.c.Close()
	}
	rx.keeps(rx.link(0, keeping), data)
}

// What no sender may do with what the receiver has costs the link.
func TestResumeRefused(t *testing.T) {
	data := content(1, 2*wire.Piece)
	rx := resumes(t, data)
	for _, c := range []struct {
		name    string
		changes func(*wire.Hello)
		says    []byte
	}{
		{"a question where nothing was granted", func(*wire.Hello) {}, wire.Ask{}.Append(nil)},
		{"a leg that is kept, and was not asked about", keeping, keepAll(data)},
	} {
		h := rx.link(0, c.changes, func(h *wire.Hello) { h.Stream = wire.StreamID{9, byte(len(c.says))} })
		h.send(c.says)
		h.until(func(f wire.Header, _ []byte) bool {
			if f.Type == wire.TypeDigests || f.Type == wire.TypeAck && f.A > 0 {
				t.Errorf("%s is obeyed", c.name)
			}
			return f.Type == wire.TypeBye || t.Failed()
		})
		h.c.Close()
	}
}

// hasAll is a receiver that has data, and gets no byte of it.
func (h *hand) hasAll(data []byte) {
	h.t.Helper()
	for kept := uint64(0); kept < uint64(len(data)); {
		l := h.until(func(f wire.Header, _ []byte) bool { return f.IsLeg() }).Leg()
		if l.Form != wire.Kept || l.Offset != kept {
			h.t.Fatalf("%+v, of what is kept from byte %d on", l, kept)
		}
		kept += uint64(l.Length)
		h.send(wire.Ack{Received: l.Number + 1, Delivered: l.Number + 1}.Append(nil))
	}
	end := h.untilType(wire.TypeEnd).End()
	h.send(wire.Done{Legs: end.Legs, Bytes: end.Bytes}.Append(nil))
}

// When the link that has asked is lost for good, another one asks.
func TestResumeAsksOnAnotherLink(t *testing.T) {
	data := content(1, 2*wire.Piece)
	tx := sendFile(t, rig.Setup{Options: engine.Options{Threads: 2, Resume: true}}, data)
	first := tx.accept(8)
	first.untilType(wire.TypeAsk)
	second := tx.accept(8)
	second.untilType(wire.TypeBeat) // it is up
	first.c.Close()                 // what is dialled then is not welcomed
	var ask wire.Ask
	second.until(func(f wire.Header, payload []byte) bool {
		if f.Type != wire.TypeAsk {
			return false
		}
		var err error
		if ask, err = f.Ask(payload); err != nil {
			t.Error(err)
		}
		return true
	})
	second.send(digests(ask.Key, data).Append(nil))
	second.hasAll(data)
	tx.wants(engine.StatusDone)
}

// A sender that listens is its receiver's as soon as it knows what is in that one's file: it leaves out what another one may not have.
func TestResumeWithOneReceiver(t *testing.T) {
	data := content(1, 2*wire.Piece)
	source, err := enginetest.NewSource(enginetest.KindFile, data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(source.Close)
	timing := steady
	timing.Yield = time.Hour
	l := listenFrom(t, rig.Setup{Options: engine.Options{Resume: true}, Hooks: rig.Hooks{Timing: timing}}, source.FD, nil)
	g, _ := l.becomes(1, nil)
	h := g.hears(wire.TypeAsk)
	ask, err := h.Ask(g.payload)
	if err != nil {
		t.Fatal(err)
	}
	g.says(digests(ask.Key, data))
	g.hears(wire.TypeKeep)
	g.c.Close() // before it has acknowledged anything
	if _, v := l.call(2, nil).answered(); v != wire.VerdictBusy {
		t.Errorf("another receiver hears %v", v)
	}
	g, _ = l.becomes(1, func(c *wire.Call) { c.Generation = 1 })
	(&hand{t: t, c: g.c}).hasAll(data)
	g.says(wire.Bye{Stream: true})
	l.ends(engine.StatusDone)
}
