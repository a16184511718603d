package engine_test

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"os"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/observe"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// hasWire1 waits until a stream of version 1 is the receiver's own.
func (r *running) hasWire1() {
	r.t.Helper()
	waitFor(r.t, "the first leg", func() bool { return count[observe.FirstWire](r.log, nil) > 0 })
}

// A consumer that leaves ends the stream with the status that it always has, and the sender's connections.
func TestWire1ConsumerLeaves(t *testing.T) {
	r := receive(t, rig.Setup{}, enginetest.KindPipe, nil)
	a, b := r.worker("yoes"), r.worker("yoes")
	a.leg(0, []byte("first leg"), 0)
	r.hasWire1()
	r.stdio.Far.Close()
	a.c.Write(append(packet(1, 1<<20, 0, 0xcafe), make([]byte, 1<<20)...)) // may meet the end
	r.wants(engine.StatusLocalPipe)
	closed(a.hand)
	closed(b.hand)
}

// A consumer that does not read stops the sender: what is on its way is bounded by the window and the kernel's buffers. Nothing is lost
// by that.
func TestWire1SlowConsumer(t *testing.T) {
	const size, legs = 1 << 20, 64
	r := receive(t, rig.Setup{Options: engine.Options{Window: engine.MinWindow}}, enginetest.KindPipe, nil)
	data := content(9, legs*size)
	var stream []byte
	for n := range legs {
		stream = append(append(stream, packet(n, size, 0, 0xcafe)...), data[n*size:(n+1)*size]...)
	}
	stream = append(stream, packet(legs, 0, 0, 0xdead)...)
	w := r.worker("yoes")
	w.c.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
	n, err := w.c.Write(stream)
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("%d bytes taken (%v), while nobody reads", n, err)
	}
	if most := engine.MinWindow + 8<<20; n > most {
		t.Errorf("%d bytes are on their way, with a window of %d", n, engine.MinWindow)
	}
	got := r.consume()
	w.c.SetDeadline(time.Now().Add(soon))
	w.send(stream[n:])
	r.wants(engine.StatusDone)
	if b := <-got; !bytes.Equal(b, data) {
		t.Errorf("%d bytes came out, %d went in; they differ from byte %d on", len(b), len(data), differ(b, data))
	}
}

// Of a sender of version 1 and one of version 2 the receiver serves the one that brings a leg first, and refuses the other.
func TestWire1AndWire2(t *testing.T) {
	t.Run("1 first", func(t *testing.T) {
		r := receive(t, rig.Setup{}, enginetest.KindFile, nil)
		w := r.worker("yoes")
		w.leg(0, []byte("first leg"), 0)
		r.hasWire1()
		if h := r.dial(0); h.welcome.Verdict != wire.VerdictBusy {
			t.Errorf("version 2 hears %v", h.welcome.Verdict)
		}
		w.end(1)
		r.wants(engine.StatusDone)
		r.wantsInFile([]byte("first leg"))
	})
	t.Run("2 first", func(t *testing.T) {
		r := receive(t, rig.Setup{}, enginetest.KindPipe, nil)
		got, s := r.consume(), newStream(1, 1000)
		h := r.link(0)
		h.send(s.frame(0))
		h.untilReceived(1)
		w := r.caller()
		w.send([]byte("yoes"))
		if n, err := w.c.Read(make([]byte, 2)); n > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("version 1 hears %d bytes (%v)", n, err)
		}
		s.finish(r, h, got)
	})
	t.Run("1 brings nothing", func(t *testing.T) {
		o := rig.Setup{Hooks: rig.Hooks{Timing: steady}}
		o.Timing.Yield, o.Timing.Hello = 50*time.Millisecond, soon
		r := receive(t, o, enginetest.KindPipe, nil)
		got, s := r.consume(), newStream(1, 1000)
		w := r.worker("yoes")
		h := r.link(0)
		closed(w.hand)
		h.send(s.frame(0))
		s.finish(r, h, got)
	})
}

// Strangers in numbers, with and without the phrase, do not touch a stream of version 1.
func TestWire1Flood(t *testing.T) {
	r := receive(t, rig.Setup{}, enginetest.KindFile, nil)
	legs, whole := randomLegs(100<<10, 200<<10, 5)
	w := r.worker("yoes")
	w.leg(0, legs[0], 0)
	r.hasWire1()
	noise := content(3, 4096)
	for i := range 120 {
		h := r.caller()
		said := [][]byte{[]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), noise[i*16 : i*16+64], []byte("yoeX"), []byte("yoes"), nil}[i%5]
		h.c.Write(said) // may meet the end
		if i%2 == 0 {
			h.c.Close()
		}
	}
	w.leg(1, legs[1], 0)
	w.leg(2, legs[2], 0)
	w.end(3)
	r.wants(engine.StatusDone)
	r.wantsInFile(whole)
}

// A link that could have brought the first leg goes, while another one waits with a later leg: that sender makes room for the next.
func TestWire1NothingCanCome(t *testing.T) {
	o := rig.Setup{Hooks: rig.Hooks{Timing: steady}}
	o.Timing.Hello = 200 * time.Millisecond
	r := receive(t, o, enginetest.KindFile, nil)
	a, b := r.worker("yoes"), r.worker("yoes")
	b.leg(1, []byte("second"), 0)
	a.c.Close()
	closed(b.hand)
	w := r.worker("yoes")
	w.leg(0, []byte("all"), 0)
	w.end(1)
	r.wants(engine.StatusDone)
	r.wantsInFile([]byte("all"))
}

// FuzzWire1 has a sender of version 1 do what the input says. What must hold is what must hold of version 2: see FuzzReceivingLink.
func FuzzWire1(f *testing.F) {
	programs(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) <= 2000 {
			fuzzWire1(t, &tape{b})
		}
	})
}

func fuzzWire1(t *testing.T, in *tape) {
	o := rig.Setup{
		Options: engine.Options{Window: engine.MinWindow, Giveup: 300 * time.Millisecond, Connect: 300 * time.Millisecond},
		Hooks:   rig.Hooks{Timing: hurried},
	}
	r := receive(t, o, enginetest.KindFile, nil)
	leg, legs := []int{1, 7, 100, 70000}[in.next()%4], 1+in.upTo(12)
	data := content(4, leg*legs)
	lied := false
	var links [3]*hand
	for step := 0; step < 60 && len(in.b) > 0; step++ {
		i := int(in.next()) % len(links)
		if links[i] == nil {
			c, err := r.network.Dial(t.Context(), engine.Path{Host: "a", Port: port}, netip.Addr{}, 0)
			if err != nil {
				break // it has ended
			}
			links[i] = r.hand(c)
			links[i].c.SetDeadline(time.Now().Add(2 * time.Second))
			links[i].c.Write([]byte("yoes"))
			io.ReadFull(links[i].c, make([]byte, 2))
		}
		n := in.upTo(legs)
		said := append(packet(n, leg, 0, 0xcafe), data[n*leg:(n+1)*leg]...)
		switch in.next() % 8 {
		case 0:
			links[i].c.Close()
			links[i] = nil
			continue
		case 1:
			said = said[:in.upTo(len(said))]
			lied = true // the next one is taken for the rest
		case 2:
			said = packet(int(in.number(uint64(legs))), 0, 0, 0xdead)
			lied = true
		case 3:
			said[in.upTo(40)] ^= 1 << (in.next() % 8)
			lied = true
		case 4:
			said = in.bytes(100)
			lied = true
		}
		if _, err := links[i].c.Write(said); err != nil {
			links[i].c.Close()
			links[i] = nil
		}
	}
	for _, h := range links {
		if h != nil {
			h.c.(interface{ CloseWrite() error }).CloseWrite()
		}
	}
	over := make(chan error, 1)
	go func() { over <- (<-r.over).err }()
	status := ending(t, over, r.log)
	out, err := r.stdio.Content()
	if err != nil {
		t.Fatal(err)
	}
	if !lied && (!bytes.HasPrefix(data, out) || status == engine.StatusDone) {
		t.Fatalf("status %d without an end, %d bytes came out of %d", status, len(out), len(data))
	}
}
