package engine_test

import (
	"fmt"
	"sync"
	"testing"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// The head leg comes last on its link, and so does the first leg of every other link's share; all the credit is used up and
// the sink takes nothing:
//
//	link 0:  12  8  4  0        number of the leg, in the order in which it is sent
//	link 1:  13  9  5  1
//	...
//
// Every leg is taken in all the same, and then every byte comes out.
func TestHeadLegLastOnEveryLink(t *testing.T) {
	for _, io := range []string{"copy", "splice"} {
		for loops := 1; loops <= 3; loops++ {
			for _, kind := range []enginetest.Kind{enginetest.KindPipe, enginetest.KindSocket, enginetest.KindRelay} {
				t.Run(fmt.Sprintf("%s, %d loops, %v", io, loops, kind), func(t *testing.T) {
					headLast(t, rig.Setup{Options: engine.Options{IO: io, CPUs: unpinned(loops), Threads: loops, Window: 1 << 20}}, kind)
				})
			}
		}
	}
}

func headLast(t *testing.T, o rig.Setup, kind enginetest.Kind) {
	rx := receive(t, o, kind, nil)
	const links = 4
	var hands []*hand
	for i := range uint32(links) {
		hands = append(hands, rx.link(i))
	}
	rx.stdio.Shrink(4096)
	w := hands[0].welcome
	s := newStream(int(w.Credit), int(w.MaxLeg))
	var sending sync.WaitGroup
	for i, h := range hands {
		sending.Go(func() {
			for n := (int(w.Credit)-1-i)/links*links + i; n >= 0; n -= links {
				if _, err := h.c.Write(s.frame(n)); err != nil {
					t.Errorf("leg %d on link %d: %v", n, i, err)
				}
			}
		})
	}
	sending.Wait()
	if t.Failed() {
		return
	}
	got := rx.consume()
	s.finish(rx, hands[1], got)
}

// The same when the sink is free, and every byte is delivered as soon as the head is there.
func TestHeadLegLastWithAFreeSink(t *testing.T) {
	rx := receive(t, rig.Setup{Options: engine.Options{Window: 1 << 20}}, enginetest.KindPipe, nil)
	got := rx.consume()
	h := rx.link(0)
	s := newStream(int(h.welcome.Credit), int(h.welcome.MaxLeg))
	for n := int(h.welcome.Credit) - 1; n >= 0; n-- {
		h.send(s.frame(n))
	}
	h.untilReceived(uint64(h.welcome.Credit))
	s.finish(rx, h, got)
}

// A peer that sends one byte at a time is slow, and nothing else.
func TestTrickle(t *testing.T) {
	for _, o := range []rig.Setup{{}, {Options: engine.Options{IO: "copy"}}} {
		rx := receive(t, o, enginetest.KindPipe, nil)
		got := rx.consume()
		h := rx.link(0)
		s := newStream(2, 20000) // long enough to be cut through
		for _, n := range []int{0, 1} {
			for _, b := range s.frame(n) {
				h.send([]byte{b})
			}
		}
		s.finish(rx, h, got)
	}
}

// Stragglers: a link that was given up wakes up after its legs came on others.
//
//	link 0:  half of leg 0 ........................ the rest of 0, then 1, 2, 3 again, then 8
//	link 1:                 0 1 2 3 4 5 6 7  (ack)
func TestZombie(t *testing.T) {
	for _, kind := range []enginetest.Kind{enginetest.KindPipe, enginetest.KindSocket} {
		rx := receive(t, rig.Setup{Options: engine.Options{CPUs: unpinned(2), Threads: 2}}, kind, nil)
		got := rx.consume()
		zombie, other := rx.link(0), rx.link(1)
		s := newStream(9, 32<<10)
		zombie.send(s.frame(0)[:10000])
		for n := range 8 {
			other.send(s.frame(n))
		}
		other.untilReceived(8)
		zombie.send(s.frame(0)[10000:], s.frame(1), s.frame(2), s.frame(3), s.frame(8))
		s.finish(rx, zombie, got)
	}
}

// Legs that come on every link at once, all of them, in opposite orders.
func TestEveryLegOnEveryLink(t *testing.T) {
	rx := receive(t, rig.Setup{Options: engine.Options{CPUs: unpinned(3), Threads: 3, Window: 1 << 20}}, enginetest.KindPipe, nil)
	got := rx.consume()
	hands := []*hand{rx.link(0), rx.link(1), rx.link(2), rx.link(3)}
	s := newStream(int(hands[0].welcome.Credit), int(hands[0].welcome.MaxLeg))
	var sending sync.WaitGroup
	for i, h := range hands {
		sending.Go(func() {
			for j := range len(s.data) / s.leg {
				n := j
				if i%2 == 1 {
					n = len(s.data)/s.leg - 1 - j
				}
				if _, err := h.c.Write(s.frame(n)); err != nil {
					t.Errorf("leg %d on link %d: %v", n, i, err)
				}
			}
		})
	}
	sending.Wait()
	s.finish(rx, hands[3], got)
}

// A sender that dials a link again has given up the old one, whatever it still brings.
func TestReplacedLink(t *testing.T) {
	rx := receive(t, rig.Setup{}, enginetest.KindPipe, nil)
	got := rx.consume()
	old := rx.link(0)
	s := newStream(3, 32<<10)
	old.send(s.frame(1), s.frame(0)[:20000])
	young := rx.link(0, func(h *wire.Hello) { h.Generation = 1 })
	old.untilClosed()
	young.send(s.frame(0), s.frame(1), s.frame(2))
	s.finish(rx, young, got)
}
