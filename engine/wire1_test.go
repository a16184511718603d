package engine_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/observe"
	"viamillipede/engine/rig"
)

// worker is one connection of a sender of version 1, written from engine/wire1/SPEC1.md alone.
type worker struct{ *hand }

// worker connects to a receiver with a phrase, and wants its answer.
func (r *running) worker(phrase string) worker {
	r.t.Helper()
	w := worker{r.caller()}
	w.send([]byte(phrase))
	if got := string(w.bytes(2)); got != "ok" {
		r.t.Fatalf("the answer is %q", got)
	}
	return w
}

// caller connects to a receiver, and says nothing.
func (r *running) caller() *hand {
	r.t.Helper()
	c, err := r.network.Dial(r.t.Context(), engine.Path{Host: "a", Port: port}, netip.Addr{}, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.hand(c)
}

func packet(number, size, sum, opcode int) (b []byte) {
	for _, n := range []uint64{0xa5a5a5a55a5a5a5a, uint64(number), uint64(size), uint64(sum), uint64(opcode)} {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	return b
}

func (w worker) leg(number int, payload []byte, sum int) {
	w.t.Helper()
	w.send(append(packet(number, len(payload), sum, 0xcafe), payload...))
}

func (w worker) end(legs int) { w.t.Helper(); w.send(packet(legs, 0, 0, 0xdead)) }

// closed waits until the receiver ends the connection.
func closed(h *hand) {
	h.t.Helper()
	if n, err := io.Copy(io.Discard, h.c); n > 0 && err == nil {
		h.t.Logf("%d bytes came before the end", n)
	} else if e, ok := err.(net.Error); ok && e.Timeout() {
		h.t.Fatal("the connection stays")
	}
}

// sumsOf are the checksums of legs, as the words of the specification say.
func sumsOf(legs [][]byte) (sums []int) {
	last := uint32(0xff)
	for n, leg := range legs {
		last += uint32(n)
		for m := 0; m <= len(leg); m += 8 {
			last += binary.LittleEndian.Uint32(leg) + uint32(m)
		}
		sums = append(sums, int(last))
	}
	return sums
}

func randomLegs(sizes ...int) (legs [][]byte, whole []byte) {
	random := rand.NewChaCha8([32]byte{1})
	for _, size := range sizes {
		leg := make([]byte, size)
		random.Read(leg)
		legs, whole = append(legs, leg), append(whole, leg...)
	}
	return legs, whole
}

func (r *running) wantsInFile(want []byte) {
	r.t.Helper()
	got, err := r.stdio.Content()
	if err != nil || !bytes.Equal(got, want) {
		r.t.Errorf("%d bytes came out (%v), want %d", len(got), err, len(want))
	}
}

// Legs over several connections, in an order in which each connection is in order and the head leg comes last: what is early waits in
// its connection, and the stream comes out whole.
func TestWire1(t *testing.T) {
	for name, o := range map[string]rig.Setup{"": {}, "small window": {Options: engine.Options{Window: engine.MinWindow, Checksum: true}}} {
		t.Run(name, func(t *testing.T) {
			legs, whole := randomLegs(2<<20, 9, 100<<10, 2<<20, 8, 700<<10)
			sums := sumsOf(legs)
			r := receive(t, o, enginetest.KindFile, nil)
			a, b, idle := r.worker("yoes"), r.worker("yoes"), r.worker("yoes")
			sent := make(chan bool)
			go func() { // what is early does not fit
				defer close(sent)
				for _, n := range []int{1, 3, 5} {
					a.c.Write(append(packet(n, len(legs[n]), sums[n], 0xcafe), legs[n]...))
				}
			}()
			idle.end(len(legs))
			for _, n := range []int{0, 2, 4} {
				b.leg(n, legs[n], sums[n])
			}
			<-sent
			r.wants(engine.StatusDone)
			r.wantsInFile(whole)
		})
	}
}

// The shortest streams. Of a leg of fewer than 8 bytes any checksum is taken.
func TestWire1Short(t *testing.T) {
	r := receive(t, rig.Setup{}, enginetest.KindFile, nil)
	r.worker("yoes").end(0)
	r.wants(engine.StatusDone)
	r.wantsInFile(nil)
	r = receive(t, rig.Setup{}, enginetest.KindFile, nil)
	w := r.worker("yoes")
	w.leg(0, []byte{7}, 12345)
	w.end(1)
	r.wants(engine.StatusDone)
	r.wantsInFile([]byte{7})
}

// Whoever does not say the phrase is a stranger, and so is whoever says it and then no packet; none of them is noticed.
func TestWire1Strangers(t *testing.T) {
	o := rig.Setup{Options: engine.Options{Phrase: [4]byte{'a', 'b', 'c', 'd'}}}
	r := receive(t, o, enginetest.KindFile, nil)
	for _, said := range []string{"GET / HTTP/1.1\r\n\r\n", "SSH-2.0-x\r\n", "yoes", "abcx", "\x00\x01\x02\x03"} {
		h := r.caller()
		h.send([]byte(said))
		closed(h)
	}
	for _, said := range [][]byte{make([]byte, 40), packet(0, 2<<20+1, 0, 0xcafe), packet(1<<50, 1, 0, 0xcafe), packet(0, 1, 0, 0xbeef), packet(0, 9, 0, 0xdead)} {
		h := r.worker("abcd")
		h.send(said)
		closed(h.hand)
	}
	w := r.worker("abcd")
	w.leg(0, []byte("all"), 0)
	w.end(1)
	r.wants(engine.StatusDone)
	r.wantsInFile([]byte("all"))
}

// A connection that ends in the middle of a leg, or takes the missing leg with it, ends the stream with status 5; damage, and a second
// sender at the same time, with 4.
func TestWire1Lost(t *testing.T) {
	for name, c := range map[string]struct {
		does func(r *running, a, b worker)
		want engine.Status
	}{
		"in a leg":         {func(_ *running, a, _ worker) { a.send(packet(1, 100, 0, 0xcafe)); a.send([]byte("half")); a.c.Close() }, engine.StatusLost},
		"in a header":      {func(_ *running, a, _ worker) { a.send(packet(1, 100, 0, 0xcafe)[:20]); a.c.Close() }, engine.StatusLost},
		"all gone":         {func(_ *running, a, b worker) { a.c.Close(); b.c.Close() }, engine.StatusLost},
		"a gap":            {func(_ *running, a, b worker) { a.end(3); b.leg(2, []byte("late"), 0) }, engine.StatusLost},
		"a gap at the end": {func(_ *running, a, b worker) { a.end(2); b.c.Close() }, engine.StatusLost},
		"twice":            {func(_ *running, _, b worker) { b.leg(0, []byte("another"), 0) }, engine.StatusIntegrity},
		"end too early":    {func(_ *running, _, b worker) { b.send(packet(0, 0, 0, 0xdead)) }, engine.StatusIntegrity},
		"garbage":          {func(_ *running, a, _ worker) { a.send(make([]byte, 40)) }, engine.StatusIntegrity},
		"checksum":         {func(_ *running, a, _ worker) { a.leg(1, []byte("12345678"), 4711) }, engine.StatusIntegrity},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := rig.Setup{Hooks: rig.Hooks{Timing: steady}}
			o.Timing.Hello = 2 * time.Second // as long as legs are waited for after the end
			r := receive(t, o, enginetest.KindFile, nil)
			a, b := r.worker("yoes"), r.worker("yoes")
			a.leg(0, []byte("first leg"), 0)
			waitFor(t, "the first leg", func() bool { return count[observe.FirstWire](r.log, nil) > 0 })
			c.does(r, a, b)
			r.wants(c.want)
			closed(a.hand)
		})
	}
}
