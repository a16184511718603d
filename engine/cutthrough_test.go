package engine_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// A leg that goes to the sink as it arrives loses its link at byte N of it, and comes again on another link: what the sink
// has is skipped.
//
//	link 0:  leg 1 |--- N ---X
//	link 1:        |----------------------|  leg 2 ...
//	sink:          |--- N ---|------------|--------
func TestCutThroughResumes(t *testing.T) {
	const leg = 64 << 10
	for _, kind := range []enginetest.Kind{enginetest.KindPipe, enginetest.KindRelay} {
		for _, at := range []int{0, 1, 4095, 4096, 16 << 10, leg - 1} {
			t.Run(fmt.Sprint(kind, " ", at), func(t *testing.T) { resumesAt(t, kind, leg, at) })
		}
	}
}

func resumesAt(t *testing.T, kind enginetest.Kind, leg, at int) {
	rx := receive(t, rig.Setup{Options: engine.Options{CPUs: unpinned(2), Threads: 2}}, kind, nil)
	s := newStream(4, leg)
	first, second := rx.link(0), rx.link(1)
	begun := rx.owned(first, s)
	first.send(s.frame(1)[:wire.HeaderLen+at])
	begun = append(begun, rx.read(at)...) // the sink has it
	first.c.Close()
	rest := rx.consume()
	second.send(s.frame(1), s.frame(3), s.frame(2))
	s.finish(rx, second, join(begun, rest))
}

// owned makes s the receiver's own stream: its first leg, which never goes straight to the sink, is in. It returns that leg.
func (r *running) owned(h *hand, s handmade) []byte {
	r.t.Helper()
	h.send(s.frame(0))
	return r.read(s.leg)
}

// read takes n bytes out of the sink.
func (r *running) read(n int) []byte {
	r.t.Helper()
	b := make([]byte, n)
	r.stdio.Far.SetReadDeadline(time.Now().Add(soon))
	if got, err := io.ReadFull(r.stdio.Far, b); err != nil {
		show(r.log, r.status())
		r.t.Fatalf("%d of %d bytes came out: %v\n%s", got, n, err, r.log)
	}
	r.stdio.Far.SetReadDeadline(time.Time{})
	return b
}

func join(begun []byte, rest <-chan []byte) <-chan []byte {
	all := make(chan []byte, 1)
	go func() { all <- append(begun, <-rest...) }()
	return all
}

// The same leg is half way to the sink on several links, and each of them stops at a byte of its own; then they go on,
// in an order of their own.
func TestCutThroughOfCopies(t *testing.T) {
	const leg = 64 << 10
	for _, c := range []struct {
		name  string
		stops []int // byte of the leg at which link i stops
		then  []int // links that go on, in this order
	}{
		{"the first finishes", []int{20000, 10000}, []int{0, 1}},
		{"the second finishes", []int{20000, 10000}, []int{1, 0}},
		{"the one behind overtakes", []int{10000, 50000}, []int{0, 1}},
		{"the one ahead goes on", []int{10000, 50000}, []int{1, 0}},
		{"three", []int{30000, 1, 60000}, []int{1, 0, 2}},
		{"only one goes on", []int{30000, 20000, 10000}, []int{2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rx := receive(t, rig.Setup{Options: engine.Options{CPUs: unpinned(2), Threads: 2}}, enginetest.KindPipe, nil)
			s := newStream(3, leg)
			var hands []*hand
			var begun []byte
			for i, stop := range c.stops {
				hands = append(hands, rx.link(uint32(i)))
				if i == 0 {
					begun = rx.owned(hands[i], s)
				}
				hands[i].send(s.frame(1)[:wire.HeaderLen+stop])
				if i == 0 { // the sink has its part before the others come: a link that finds another writing gives way
					begun = append(begun, rx.read(stop)...)
				}
			}
			rest := rx.consume()
			for _, i := range c.then {
				hands[i].send(s.frame(1)[wire.HeaderLen+c.stops[i]:])
			}
			last := hands[c.then[len(c.then)-1]]
			last.send(s.frame(2))
			s.finish(rx, last, join(begun, rest))
		})
	}
}

// Two links bring copies of the head leg while the sink is full, so that both wait for it. Both go on when it takes more:
// the one whose copy is not needed brings the next leg.
func TestCutThroughOfCopiesAtAFullSink(t *testing.T) {
	const leg = 64 << 10
	for needed := range 2 {
		rx := receive(t, rig.Setup{Options: engine.Options{CPUs: unpinned(1)}}, enginetest.KindPipe, nil)
		hands := []*hand{rx.link(0), rx.link(1)}
		s := newStream(4, leg)
		begun := rx.owned(hands[0], s)
		rx.stdio.Shrink(4096)
		for _, h := range hands {
			h.send(s.frame(1)[:wire.HeaderLen+40000])
		}
		rx.untilHeld(hands)
		for _, h := range hands {
			h.send(s.frame(1)[wire.HeaderLen+40000:])
		}
		hands[1-needed].send(s.frame(2))
		hands[needed].send(s.frame(3))
		got := join(begun, rx.consume())
		hands[needed].untilReceived(4)
		s.finish(rx, hands[needed], got)
	}
}

// untilHeld waits until the receiver has looked at all that the links sent before: it answers a heartbeat of its own
// making only after that.
func (r *running) untilHeld(hands []*hand) {
	for _, h := range hands {
		h.untilType(wire.TypeBeat)
		h.untilType(wire.TypeBeat)
	}
}

// A link that waits for the sink dies, and the leg comes on another.
func TestCutThroughDiesAtAFullSink(t *testing.T) {
	const leg = 64 << 10
	rx := receive(t, rig.Setup{Options: engine.Options{CPUs: unpinned(2), Threads: 2}}, enginetest.KindPipe, nil)
	hands := []*hand{rx.link(0), rx.link(1)}
	s := newStream(3, leg)
	begun := rx.owned(hands[0], s)
	rx.stdio.Shrink(4096)
	hands[0].send(s.frame(1)[:wire.HeaderLen+40000])
	rx.untilHeld(hands[:1])
	hands[0].c.Close()
	hands[1].send(s.frame(2), s.frame(1))
	got := join(begun, rx.consume())
	s.finish(rx, hands[1], got)
}

// A leg that waited for the sink is acknowledged once: its own ack says that the sink has it. Only a heartbeat brings another.
func TestCutThroughIsToldOnce(t *testing.T) {
	const leg = 640 << 10 // more than may wait for its ack
	rx := receive(t, rig.Setup{Options: engine.Options{CPUs: unpinned(1), Leg: 1 << 20, Window: 64 << 20}}, enginetest.KindPipe, nil)
	h, s := rx.link(0, func(h *wire.Hello) { h.MaxLeg = leg }), newStream(2, leg)
	begun := rx.owned(h, s)
	rx.stdio.Shrink(4096)
	sent := make(chan error, 1)
	go func() { // what the link does not hold leaves when the sink takes more
		_, err := h.c.Write(s.frame(1))
		sent <- err
	}()
	rx.untilHeld([]*hand{h})
	got := join(begun, rx.consume())
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	var last wire.Header
	afterBeat, beats, repeated := true, 0, 0
	h.until(func(f wire.Header, _ []byte) bool {
		switch f.Type {
		case wire.TypeAck:
			if f.A == last.A && f.B == last.B && !afterBeat {
				repeated++
			}
			last, afterBeat = f, false
		case wire.TypeBeat:
			afterBeat = true
			if last.B == 2 {
				beats++
			}
		}
		return beats == 2
	})
	if repeated > 0 {
		t.Errorf("%d acks said what the one before had said", repeated)
	}
	s.finish(rx, h, got)
}

// A consumer that dies while a leg is on its way to it is told to the sender, on every link.
func TestCutThroughConsumerDies(t *testing.T) {
	rx := receive(t, rig.Setup{}, enginetest.KindPipe, nil)
	h := rx.link(0)
	s := newStream(3, 64<<10)
	rx.owned(h, s)
	h.send(s.frame(1)[:wire.HeaderLen+30000])
	if !bytes.Equal(rx.read(30000), s.payload(1)[:30000]) {
		t.Fatal("other bytes came out")
	}
	rx.stdio.Far.Close()
	f := h.untilType(wire.TypeError)
	if engine.Status(f.A) != engine.StatusLocalPipe {
		t.Errorf("status %d", f.A)
	}
	rx.wants(engine.StatusLocalPipe)
}
