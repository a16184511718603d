package engine_test

import (
	"bytes"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// seal gives a header the checksum that belongs to it.
func seal(frame []byte) []byte {
	const at = wire.HeaderLen - 4
	sum := wire.Checksum(frame[:at])
	frame[at], frame[at+1], frame[at+2], frame[at+3] = byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24)
	return frame
}

// A sender that breaks the wire's rules loses the link that it did so on, and the stream goes on over others.
func TestReceiverClosesABrokenLink(t *testing.T) {
	leg := func(number, offset uint64, length uint32) []byte {
		return wire.Leg{Number: number, Offset: offset, Length: length}.Append(nil)
	}
	flipped := leg(0, 0, 100)
	flipped[9] ^= 1
	unknown := leg(0, 0, 100)
	unknown[0] = 99
	for _, c := range []struct {
		name  string
		frame func(h *hand) []byte
	}{
		{"garbage", func(*hand) []byte { return bytes.Repeat([]byte("spam"), 100) }},
		{"a flipped bit", func(*hand) []byte { return flipped }},
		{"an unknown type", func(*hand) []byte { return seal(unknown) }},
		{"beyond the credit", func(h *hand) []byte { return leg(uint64(h.welcome.Credit)+1, 0, 100) }},
		{"far beyond the credit", func(*hand) []byte { return leg(1<<62, 0, 100) }},
		{"longer than agreed", func(h *hand) []byte { return leg(0, 0, h.welcome.MaxLeg+1) }},
		{"an ack", func(*hand) []byte { return wire.Ack{}.Append(nil) }},
		{"an ack of 256 bytes", func(*hand) []byte { return wire.Ack{Bitmap: onlyLast(32)}.Append(nil) }},
		{"an ack of 512 bytes", func(*hand) []byte { return wire.Ack{Bitmap: onlyLast(64)}.Append(nil) }},
		{"the header of an ack of 512 bytes", func(*hand) []byte { return wire.Ack{Bitmap: onlyLast(64)}.Append(nil)[:wire.HeaderLen] }},
		{"a done", func(*hand) []byte { return wire.Done{}.Append(nil) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			rx := receive(t, rig.Setup{Options: engine.Options{Window: 1 << 20}}, enginetest.KindPipe, nil)
			got := rx.consume()
			bad, good := rx.link(0), rx.link(1)
			s := newStream(3, 20000)
			good.send(s.frame(0))
			good.untilReceived(1)
			bad.send(c.frame(bad))
			bad.untilClosed()
			good.send(s.frame(2), s.frame(1))
			s.finish(rx, good, got)
		})
	}
}

// onlyLast is a bitmap of so many words, with a bit in the last.
func onlyLast(words int) []uint64 {
	b := make([]uint64, words)
	b[words-1] = 2
	return b
}

// checked is leg n of s with a checksum, right or wrong.
func (s handmade) checked(n int, right bool) []byte {
	l := wire.Leg{
		Number: uint64(n), Offset: uint64(n * s.leg), Length: uint32(s.leg), Checked: true,
		Checksum: wire.Checksum(s.payload(n)),
	}
	if !right {
		l.Checksum++
	}
	return append(l.Append(nil), s.payload(n)...)
}

func asksChecksum(h *wire.Hello) { h.Features = wire.FeatureChecksum }

// A leg that does not match its checksum costs its link and comes again; not a byte of it reaches the sink before.
func TestBadChecksumOnce(t *testing.T) {
	rx := receive(t, rig.Setup{}, enginetest.KindPipe, nil)
	got := rx.consume()
	bad, good := rx.link(0, asksChecksum), rx.link(1, asksChecksum)
	s := newStream(3, 30000)
	bad.send(s.checked(0, false))
	bad.untilClosed()
	good.send(s.checked(1, true), s.checked(0, true), s.checked(2, true))
	s.finish(rx, good, got)
}

// The second time the sender's own bytes have changed, and the stream fails at both ends.
func TestBadChecksumTwice(t *testing.T) {
	rx := receive(t, rig.Setup{}, enginetest.KindPipe, nil)
	got := rx.consume()
	first, second, third := rx.link(0, asksChecksum), rx.link(1, asksChecksum), rx.link(2, asksChecksum)
	s := newStream(3, 30000)
	first.send(s.checked(0, false))
	first.untilClosed()
	second.send(s.checked(0, false))
	f := third.untilType(wire.TypeError)
	if engine.Status(f.A) != engine.StatusIntegrity {
		t.Errorf("the sender is told status %d", f.A)
	}
	rx.wants(engine.StatusIntegrity)
	if b := <-got; len(b) > 0 {
		t.Errorf("%d bytes came out", len(b))
	}
}

// Likewise of a sender with one link, whose first leg it is: nothing of its stream is in, and the receiver free again. The link
// that brings it the second time is told, because there may be no other.
func TestBadFirstLegOnOneLink(t *testing.T) {
	rx := receive(t, rig.Setup{}, enginetest.KindPipe, nil)
	s := newStream(3, 30000)
	first := rx.link(0, asksChecksum)
	first.send(s.checked(0, false))
	first.untilClosed()
	second := rx.link(0, asksChecksum)
	second.send(s.checked(0, false))
	f := second.untilType(wire.TypeError)
	if engine.Status(f.A) != engine.StatusIntegrity {
		t.Errorf("the sender is told status %d", f.A)
	}
	rx.wants(engine.StatusIntegrity)
}

// What another sender's first leg was like is nobody else's fault.
func TestBadFirstLegOfTwoSenders(t *testing.T) {
	rx := receive(t, rig.Setup{}, enginetest.KindPipe, nil)
	got := rx.consume()
	s := newStream(1, 30000)
	stranger := rx.link(0, asksChecksum, other)
	stranger.send(s.checked(0, false))
	stranger.untilClosed()
	bad := rx.link(0, asksChecksum)
	bad.send(s.checked(0, false))
	bad.untilClosed()
	good := rx.link(0, asksChecksum)
	good.send(s.checked(0, true))
	s.finish(rx, good, got)
}

// Lies about the stream itself fail it: no link is to blame.
func TestReceiverFindsLies(t *testing.T) {
	s := newStream(3, 20000)
	ends := func(legs, bytes uint64) []byte { return wire.End{Legs: legs, Bytes: bytes}.Append(nil) }
	misplaced := append(wire.Leg{Number: 1, Offset: 20001, Length: 20000}.Append(nil), s.payload(1)...)
	small := append(wire.Leg{Number: 1, Offset: 19999, Length: 100}.Append(nil), s.payload(1)[:100]...)
	for _, c := range []struct {
		name   string
		frames [][]byte
	}{
		{"fewer bytes in END", [][]byte{s.frame(0), s.frame(1), s.frame(2), ends(3, 59999)}},
		{"more bytes in END", [][]byte{s.frame(0), s.frame(1), s.frame(2), ends(3, 60001)}},
		{"fewer legs in END", [][]byte{s.frame(0), s.frame(1), s.frame(2), ends(2, 60000)}},
		{"fewer legs in END, which comes first", [][]byte{ends(2, 60000), s.frame(0), s.frame(1), s.frame(2)}},
		{"two ENDs", [][]byte{s.frame(0), ends(3, 60000), ends(4, 60000)}},
		{"fewer bytes than legs in END", [][]byte{s.frame(0), ends(3, 2)}},
		{"bytes of no leg in END", [][]byte{s.frame(0), ends(0, 5)}},
		{"a leg that begins too late", [][]byte{s.frame(0), misplaced}},
		{"a leg that begins too early", [][]byte{s.frame(0), small}},
		{"an early leg that begins too late", [][]byte{misplaced, s.frame(0)}},
	} {
		for _, kind := range []enginetest.Kind{enginetest.KindPipe, enginetest.KindFile, enginetest.KindNull} {
			t.Run(fmt.Sprintf("%s, to %v", c.name, kind), func(t *testing.T) {
				rx := receive(t, rig.Setup{}, kind, nil)
				if rx.stdio.Far != nil {
					rx.consume()
				}
				h := rx.link(0)
				h.send(slices.Concat(c.frames...))
				f := h.untilType(wire.TypeError)
				if engine.Status(f.A) != engine.StatusIntegrity {
					t.Errorf("the sender is told status %d", f.A)
				}
				h.c.Close()
				rx.wants(engine.StatusIntegrity)
			})
		}
	}
}

// A receiver that breaks the wire's rules loses the link; the sender dials it again and sends what it carried again.
func TestSenderClosesABrokenLink(t *testing.T) {
	flipped := wire.Ack{}.Append(nil)
	flipped[9] ^= 1
	for _, c := range []struct {
		name  string
		frame []byte
	}{
		{"garbage", bytes.Repeat([]byte("spam"), 100)},
		{"a flipped bit", flipped},
		{"an ack for what was never sent", wire.Ack{Received: 4}.Append(nil)},
		{"an ack for some that were never sent", wire.Ack{Bitmap: onlyLast(1)}.Append(nil)},
		{"an ack from far away", wire.Ack{Received: 1 << 62, Delivered: 1 << 62}.Append(nil)},
		{"a leg", wire.Leg{Length: 1}.Append(nil)},
		{"the header of the largest leg", wire.Leg{Length: wire.MaxLeg}.Append(nil)},
		{"an end", wire.End{}.Append(nil)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			data := content(2, 100<<10)
			tx := send(t, rig.Setup{Options: engine.Options{Threads: 1, Leg: 64 << 10}}, data, nil)
			bad := tx.accept(8)
			bad.untilType(wire.TypeEnd)
			bad.send(c.frame)
			bad.untilClosed()
			tx.accept(8).delivers(tx, data, 2)
		})
	}
}

// delivers receives the whole stream, in so many legs, and checks that the sender ends well.
func (h *hand) delivers(tx *running, data []byte, legs int) {
	h.t.Helper()
	if got := h.takeAll(legs); !bytes.Equal(got, data) {
		h.t.Errorf("%d bytes came, %d went in", len(got), len(data))
	}
	h.send(wire.Done{Legs: uint64(legs), Bytes: uint64(len(data))}.Append(nil))
	h.untilType(wire.TypeBye)
	tx.wants(engine.StatusDone)
}

// takeAll reads so many legs, which may come in any order, and the end.
func (h *hand) takeAll(legs int) []byte {
	h.t.Helper()
	pieces := make([][]byte, legs)
	for n, end := 0, false; n < legs || !end; {
		f, payload, err := h.frame()
		if err != nil {
			h.t.Fatal(err)
		}
		if f.Type == wire.TypeLeg && pieces[f.A] == nil {
			pieces[f.A] = payload
			n++
		}
		end = end || f.Type == wire.TypeEnd
	}
	return slices.Concat(pieces...)
}

// A receiver that says it delivered something else than was sent is no success.
func TestSenderFindsLies(t *testing.T) {
	for _, d := range []wire.Done{{Legs: 1, Bytes: 100 << 10}, {Legs: 2, Bytes: 1}, {}} {
		tx := send(t, rig.Setup{Options: engine.Options{Threads: 1, Leg: 64 << 10}}, content(2, 100<<10), nil)
		h := tx.accept(8)
		h.untilType(wire.TypeEnd)
		h.send(d.Append(nil))
		if f := h.untilType(wire.TypeError); engine.Status(f.A) != engine.StatusIntegrity {
			t.Errorf("the receiver is told status %d", f.A)
		}
		tx.wants(engine.StatusIntegrity)
	}
}

// The sender keeps to the credit: with none left it sends no new leg, and with a little it sends a little.
func TestSenderKeepsToTheCredit(t *testing.T) {
	const leg = 4 << 10
	data := content(3, 10*leg)
	tx := send(t, rig.Setup{Options: engine.Options{Threads: 1, Leg: leg}}, data, nil)
	h := tx.accept(3)
	delivered, got := uint64(0), []byte(nil)
	for delivered < 10 {
		f, payload, err := h.frame()
		if err != nil {
			t.Fatal(err)
		}
		if f.Type != wire.TypeLeg {
			continue
		}
		if f.A >= delivered+3 {
			t.Fatalf("leg %d came when %d were delivered", f.A, delivered)
		}
		got = append(got, payload...)
		delivered++
		h.send(wire.Ack{Received: delivered, Delivered: delivered}.Append(nil))
	}
	h.untilType(wire.TypeEnd)
	h.send(wire.Done{Legs: 10, Bytes: 10 * leg}.Append(nil))
	tx.wants(engine.StatusDone)
	if !bytes.Equal(got, data) {
		t.Error("other bytes came")
	}
}

// A receiver that is gone and back is another one; the sender does not begin in the middle of a stream with it, and a
// fresh receiver takes no stream that began elsewhere.
func TestResumeWithAFreshReceiver(t *testing.T) {
	rx := receive(t, rig.Setup{}, enginetest.KindPipe, nil)
	h := rx.dial(0, func(h *wire.Hello) { h.Flags = wire.FlagResume })
	if h.welcome.Verdict != wire.VerdictUnknown {
		t.Errorf("verdict %v", h.welcome.Verdict)
	}
	h.untilClosed()
	got := rx.consume()
	h = rx.link(0) // it still takes a stream from its beginning
	s := newStream(1, 100)
	h.send(s.frame(0))
	s.finish(rx, h, got)
}

// What is refused in the handshake, while a stream runs and goes on.
func TestRefusals(t *testing.T) {
	rx := receive(t, rig.Setup{Options: engine.Options{Phrase: [4]byte{'w', 'o', 'r', 'd'}}}, enginetest.KindPipe, nil)
	got := rx.consume()
	word := func(h *wire.Hello) { h.Phrase = [4]byte{'w', 'o', 'r', 'd'} }
	running, s := rx.link(0, word), newStream(2, 30000)
	running.send(s.frame(0))
	running.untilReceived(1)
	for _, c := range []struct {
		name   string
		want   wire.Verdict
		change func(*wire.Hello)
	}{
		{"no phrase", wire.VerdictPhrase, func(h *wire.Hello) { h.Phrase = [4]byte{} }},
		{"other phrase", wire.VerdictPhrase, func(h *wire.Hello) { h.Phrase[0] = 'l' }},
		{"other version", wire.VerdictVersion, func(h *wire.Hello) { h.Version = 3 }},
		{"other stream", wire.VerdictBusy, func(h *wire.Hello) { h.Stream[0] = 2 }},
		{"other stream, resumed", wire.VerdictBusy, func(h *wire.Hello) { h.Stream[0], h.Flags = 2, wire.FlagResume }},
		{"link without a number", wire.VerdictMalformed, func(h *wire.Hello) { h.Link = engine.MaxThreads }},
		{"link beyond those planned", wire.VerdictMalformed, func(h *wire.Hello) { h.Link = h.Links }},
		{"other features", wire.VerdictMalformed, func(h *wire.Hello) { h.Features = wire.FeatureChecksum }},
		{"other number of links", wire.VerdictMalformed, func(h *wire.Hello) { h.Links = 5 }},
	} {
		h := rx.dial(1, word, c.change)
		if h.welcome.Verdict != c.want {
			t.Errorf("%s: %v, want %v", c.name, h.welcome.Verdict, c.want)
		}
		h.untilClosed()
	}
	running.send(s.frame(1))
	s.finish(rx, running, got)
}

// A receiver grants what it knows of what it was asked for, and nothing else.
func TestFeaturesGranted(t *testing.T) {
	// By a receiver whose user does not want to resume, whose consumer has no terminal, of a sender that names no chain.
	const known = wire.Features &^ (wire.FeatureKeep | wire.FeatureSize | wire.FeatureSidechain)
	for asked, want := range map[uint32]uint32{0: 0, 1: 1, 2: 2, 4: 0, 16: 0, 1<<32 - 1: known, 1<<32 - 2: known &^ wire.FeatureChecksum} {
		rx := receive(t, rig.Setup{}, enginetest.KindPipe, nil)
		h := rx.link(0, func(h *wire.Hello) { h.Features = asked })
		if h.welcome.Features != want {
			t.Errorf("asked for %#x, granted %#x, want %#x", asked, h.welcome.Features, want)
		}
		rx.cancel()
		rx.wants(engine.StatusInterrupt)
	}
}

// A sender looks at the grant. What it did not ask for is not taken; what it did is needed.
func TestFeaturesTaken(t *testing.T) {
	for _, c := range []struct {
		name     string
		checksum bool
		grant    uint32
		connect  time.Duration
		want     engine.Status
	}{
		{"unasked", false, 1, 300 * time.Millisecond, engine.StatusConnect},
		{"unknown", true, 3, 300 * time.Millisecond, engine.StatusConnect},
		{"none of what is asked for", true, 0, soon, engine.StatusRefused},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := rig.Setup{Options: engine.Options{Threads: 1, Checksum: c.checksum, Connect: c.connect}}
			tx := send(t, o, content(2, 100), nil)
			tx.serve(func(conn net.Conn) {
				if welcomes(conn, func(w *wire.Welcome) { w.Features = c.grant }) {
					(&hand{t: t, c: conn}).untilClosed()
				}
			})
			tx.wants(c.want)
		})
	}
}

// A second welcome that takes back what the first one granted is no link.
func TestGrantIsKept(t *testing.T) {
	data := content(2, 100<<10)
	tx := send(t, rig.Setup{Options: engine.Options{Threads: 1, Leg: 64 << 10}}, data, nil)
	first := tx.accept(8)
	first.untilType(wire.TypeEnd)
	first.c.Close()
	less := tx.accept(8, func(w *wire.Welcome) { w.MaxLeg = 4096 })
	less.untilClosed()
	tx.accept(8).delivers(tx, data, 2)
}
