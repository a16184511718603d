package engine_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/rig"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// The links are fuzzed as they are at work: a real end, over connections, after a good handshake, with a peer that plays what
// the input says: true frames, whole, in part or in pieces of several, frames with any field out of place, any bytes, links
// that close and come again. What must hold, whatever the peer does:
//
//   - the end ends, soon after the peer has, with one of the documented statuses, and never with a fault in the program;
//   - what came out is the beginning of the stream, and with status 0 all of it;
//   - what it takes of memory does not depend on what a frame says.

// tape is the input, read as choices. Behind its end all choices are 0.
type tape struct{ b []byte }

func (t *tape) next() byte {
	if len(t.b) == 0 {
		return 0
	}
	c := t.b[0]
	t.b = t.b[1:]
	return c
}

// upTo chooses a number below n.
func (t *tape) upTo(n int) int {
	if n <= 0 {
		return 0
	}
	return (int(t.next()) | int(t.next())<<8) % n
}

// number chooses a number that is worth trying, near the one that is right.
func (t *tape) number(right uint64) uint64 {
	switch t.next() % 10 {
	case 0:
		return 0
	case 1:
		return right + 1
	case 2:
		return right - 1
	case 3:
		return 1<<63 - 1
	case 4:
		return 1<<63 - 2
	case 5:
		return 1<<64 - 1
	case 6:
		return 1 << (t.next() % 64)
	case 7:
		return right + uint64(t.upTo(1<<16))
	}
	return right
}

func (t *tape) bytes(most int) []byte {
	b := make([]byte, t.upTo(most))
	for i := range b {
		b[i] = t.next()
	}
	return b
}

// programs are inputs to begin with: the more there is, the more a run of the fuzzer finds soon.
func programs(f *testing.F) {
	f.Add([]byte{})
	for seed := range uint64(24) {
		r := rand.New(rand.NewPCG(seed, 5))
		b := make([]byte, 20+r.IntN(200))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		f.Add(b)
	}
}

// hurried has clocks for a peer that does not keep anybody waiting.
var hurried = schedule.Timing{
	Backoff: time.Millisecond, BackoffMost: 8 * time.Millisecond, Dial: 200 * time.Millisecond, Hello: 200 * time.Millisecond,
	Tick: 2 * time.Millisecond, Beat: 10 * time.Millisecond, Stall: 20 * time.Millisecond, Move: 5 * time.Millisecond,
	Dead: 500 * time.Millisecond, DeadPeer: 200 * time.Millisecond, Linger: 200 * time.Millisecond,
	Farewell: 50 * time.Millisecond, Confirm: 200 * time.Millisecond,
	RestAfter: 20 * time.Millisecond, RestBeat: 40 * time.Millisecond, RestDead: 500 * time.Millisecond,
}

// ending waits for Run, and checks how the end ended.
func ending(t *testing.T, over <-chan error, log *lines) engine.Status {
	t.Helper()
	select {
	case err := <-over:
		status := engine.ExitStatus(err)
		switch status {
		case engine.StatusDone, engine.StatusIntegrity, engine.StatusLost, engine.StatusRemotePipe, engine.StatusConnect,
			engine.StatusRefused:
		default:
			t.Fatalf("status %d: %v\n%s", status, err, log)
		}
		return status
	case <-time.After(20 * time.Second):
		b := make([]byte, 1<<20)
		t.Fatalf("it does not end\n%s\n%s", log, b[:runtime.Stack(b, true)])
		return 0
	}
}

// spare is what an end may take of Go's heap besides its window, in bytes.
const spare = 64 << 20

func within(t *testing.T, before *runtime.MemStats) {
	t.Helper()
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	if now.Sys > before.Sys+spare {
		t.Fatalf("%d bytes of memory, %d before", now.Sys, before.Sys)
	}
}

func FuzzReceivingLink(f *testing.F) {
	programs(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 2000 {
			return
		}
		fuzzReceiver(t, &tape{b})
	})
}

func fuzzReceiver(t *testing.T, in *tape) {
	kind := []enginetest.Kind{enginetest.KindPipe, enginetest.KindFile, enginetest.KindAppend, enginetest.KindSocket}[in.next()%4]
	sink, err := enginetest.NewSink(kind)
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	network := enginetest.NewNet(0, enginetest.Faults{})
	defer network.Close()
	log := &lines{to: io.Discard}
	loops := 1 + int(in.next()%2)
	o := rig.Setup{
		Options: engine.Options{
			Window: engine.MinWindow, CPUs: unpinned(loops), Threads: 3, Giveup: 300 * time.Millisecond,
			Connect: time.Second,
		},
		Hooks: rig.Hooks{Transport: network, Timing: hurried},
	}
	if in.next()%4 == 0 {
		o.IO = "copy"
	}
	r, err := rig.NewReceiver(rig.ReceiveConfig{Setup: o, Port: port, Sink: sink.FD, Observer: hears{log, "rx: ", 2}})
	if err != nil {
		t.Fatal(err)
	}
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	over, got := make(chan error, 1), make(chan []byte, 1)
	go func() {
		_, err := r.Run(context.Background())
		over <- err
	}()
	if sink.Far != nil {
		go func() { b, _ := io.ReadAll(sink.Far); got <- b }()
	}
	p := newLiar(in, network)
	p.play()
	p.finish()
	status := ending(t, over, log)
	p.close()
	within(t, &before)
	sink.CloseNear()
	var out []byte
	if sink.Far != nil {
		out = <-got
	} else if out, err = sink.Content(); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(append(bytes.Clone(p.data), make([]byte, len(out))...), out) {
		at := differ(out, append(bytes.Clone(p.data), make([]byte, len(out))...))
		t.Fatalf("status %d, %d bytes came out, which from byte %d on are not the beginning of a stream of %d in legs of %d: % x, which were at byte %d\n%s",
			status, len(out), at, len(p.data), p.leg, out[at:min(at+32, len(out))], bytes.Index(p.data, out[at:min(at+16, len(out))]), log)
	}
	if status == engine.StatusDone && !bytes.Equal(out, p.data) && !p.lied {
		t.Fatalf("status 0, %d bytes came out of %d\n%s", len(out), len(p.data), log)
	}
}

// liar is a sender that has a true stream and breaks the rules.
type liar struct {
	in      *tape
	net     *enginetest.Net
	data    []byte
	leg     int
	checked bool
	lied    bool // of how long the stream is
	links   [3]*liarLink
	gens    uint32
	most    uint32
	readers sync.WaitGroup
}

type liarLink struct {
	c    net.Conn
	rest []byte        // of a frame that was begun
	told chan struct{} // closed: the receiver has said DONE or ERROR, or closed the link
}

func newLiar(in *tape, n *enginetest.Net) *liar {
	leg := []int{100, 20000, 65536, 4096, 1}[in.next()%5]
	legs := 1 + in.upTo(12)
	return &liar{in: in, net: n, leg: leg, checked: in.next()%4 == 0, data: content(3, legs*leg-in.upTo(leg)), most: 65536}
}

func (p *liar) legs() int { return (len(p.data) + p.leg - 1) / p.leg }

// open dials a link; hello is changed where the input says so.
func (p *liar) open(i int, change bool) {
	c, err := p.net.Dial(context.Background(), engine.Path{Host: "a", Port: port}, netip.Addr{}, 0)
	if err != nil {
		return
	}
	c.SetDeadline(time.Now().Add(2 * time.Second))
	h := wire.Hello{
		Version: wire.Version, Stream: wire.StreamID{1}, Link: uint32(i), Generation: p.gens, MaxLeg: p.most, Links: 3,
		Size: uint64(len(p.data)),
	}
	p.gens++
	if p.checked {
		h.Features = wire.FeatureChecksum
	}
	if change {
		h.Flags = uint16(p.in.next() % 3)
		h.Link = uint32(p.in.number(uint64(i)))
		h.Generation = uint32(p.in.number(uint64(p.gens)))
		h.Features ^= uint32(p.in.next()&0xe) << (p.in.next() % 24)
		h.Links = uint32(p.in.number(3))
	}
	c.Write(h.Append(nil))
	b := make([]byte, wire.WelcomeLen)
	if _, err := io.ReadFull(c, b); err != nil {
		c.Close()
		return
	}
	if w, err := wire.ParseWelcome(b); err != nil || w.Verdict != wire.VerdictOK {
		c.Close()
		return
	}
	if p.links[i] != nil {
		p.links[i].c.Close()
	}
	k := &liarLink{c: c, told: make(chan struct{})}
	p.links[i] = k
	p.readers.Go(func() { k.listen() })
}

// listen reads what the receiver says until the word that ends the stream.
func (k *liarLink) listen() {
	b := make([]byte, wire.HeaderLen)
	told := false
	for {
		_, err := io.ReadFull(k.c, b)
		h, bad := wire.ParseHeaderFrom(wire.Receiver, b)
		if over := err != nil || bad != nil || h.Type == wire.TypeDone || h.Type == wire.TypeError; over && !told {
			told = true
			close(k.told)
		}
		if err != nil || bad != nil {
			return
		}
		if _, err := io.CopyN(io.Discard, k.c, int64(h.Length)); err != nil && !told {
			close(k.told)
			return
		}
	}
}

func (p *liar) frame(l wire.Leg) []byte {
	payload := make([]byte, min(l.Length, wire.MaxLeg))
	if l.Offset < uint64(len(p.data)) {
		copy(payload, p.data[l.Offset:])
	}
	if l.Checked = p.checked || l.Checked; l.Checked {
		l.Checksum = wire.Checksum(payload)
	}
	return append(l.Append(nil), payload...)
}

func (p *liar) true(n int) wire.Leg {
	at := n * p.leg
	return wire.Leg{Number: uint64(n), Offset: uint64(at), Length: uint32(min(p.leg, len(p.data)-at)), Resent: p.in.next()%2 == 0}
}

// play does what the input says.
func (p *liar) play() {
	for step := 0; step < 60 && len(p.in.b) > 0; step++ {
		i := int(p.in.next()) % len(p.links)
		if p.links[i] == nil {
			p.open(i, p.in.next()%8 == 0)
		}
		if k := p.links[i]; k != nil && !p.act(k, i) {
			k.c.Close()
			p.links[i] = nil
		}
	}
}

// restMost is how many bytes a liar keeps of frames that it has begun: what is measured is the receiver's memory, not its own.
const restMost = 64 << 10

// act does one thing on a link; false: the link is over.
func (p *liar) act(k *liarLink, i int) bool {
	in, n := p.in, p.in.upTo(p.legs())
	put := func(b []byte) bool {
		_, err := k.c.Write(append(k.rest, b...))
		k.rest = nil
		return err == nil
	}
	switch in.next() % 16 {
	case 0, 1, 2:
		return put(p.frame(p.true(n)))
	case 3, 4: // begun, to go on later
		if len(k.rest) > restMost {
			return put(nil)
		}
		b := append(k.rest, p.frame(p.true(n))...)
		cut := in.upTo(len(b))
		k.rest = bytes.Clone(b[cut:])
		_, err := k.c.Write(b[:cut])
		return err == nil
	case 5:
		return put(nil)
	case 6:
		return false
	case 7:
		p.open(i, in.next()%2 == 0)
		return true
	case 8:
		return put(wire.Beat{Sent: in.number(1), Echo: in.number(1)}.Append(nil))
	case 9:
		return put(in.bytes(200))
	case 10: // any header, with its checksum
		l := p.true(n)
		h := l.Append(nil)
		h[0], h[1] = in.next()%9, in.next()&byte(in.next())
		for range in.next() % 4 {
			h[2+in.upTo(26)] = in.next()
		}
		if f, err := wire.ParseHeader(seal(h)); err == nil && f.Type == wire.TypeLeg { // its bytes are true
			p.lied = true
			return put(p.frame(f.Leg()))
		}
		return put(append(h, in.bytes(600)...))
	case 11: // a leg that is not like the others
		l := p.true(n)
		l.Number, l.Offset = in.number(l.Number), in.number(l.Offset)
		l.Length = uint32(min(in.number(uint64(l.Length)), 1<<20))
		if l.Length == 0 || l.Number >= 1<<63-1 || l.Offset > 1<<62 {
			return true
		}
		p.lied = true
		return put(p.frame(l))
	case 12:
		e := wire.End{Legs: uint64(p.legs()), Bytes: uint64(len(p.data))}
		if in.next()%2 == 0 {
			e.Legs, e.Bytes = in.number(e.Legs), in.number(e.Bytes)
			p.lied = true
		}
		return put(e.Append(nil))
	case 13:
		return put(wire.Ack{Received: in.number(1), Bitmap: onlyLast(1 + int(in.next()%64))}.Append(nil))
	case 14:
		return put(wire.Bye{Stream: in.next()%8 == 0}.Append(nil))
	}
	return put(wire.Done{Legs: in.number(1), Bytes: in.number(1)}.Append(nil))
}

// finish is the honest end of the stream, on a link of its own.
func (p *liar) finish() {
	if k := p.links[0]; k != nil { // there may be a frame begun on it
		k.c.Close()
		p.links[0] = nil
	}
	p.open(0, false)
	k := p.links[0]
	if k == nil {
		return
	}
	for n := range p.legs() {
		k.c.Write(p.frame(p.true(n)))
	}
	k.c.Write(wire.End{Legs: uint64(p.legs()), Bytes: uint64(len(p.data))}.Append(nil))
	select {
	case <-k.told:
	case <-time.After(2 * time.Second):
	}
	k.c.Write(wire.Bye{Stream: true}.Append(nil))
	p.close()
}

func (p *liar) close() {
	for i, k := range p.links {
		if k != nil {
			k.c.Close()
			p.links[i] = nil
		}
	}
	p.readers.Wait()
}

func FuzzSendingLink(f *testing.F) {
	programs(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 2000 {
			return
		}
		fuzzSender(t, &tape{b})
	})
}

func fuzzSender(t *testing.T, in *tape) {
	leg := []int{4096, 65536}[in.next()%2]
	data := content(4, in.upTo(12*leg))
	kind := []enginetest.Kind{enginetest.KindFile, enginetest.KindPipe, enginetest.KindSocket}[in.next()%3]
	source, err := enginetest.NewSource(kind, data)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	network := enginetest.NewNet(0, enginetest.Faults{})
	defer network.Close()
	log := &lines{to: io.Discard}
	o := rig.Setup{
		Options: engine.Options{
			Window: engine.MinWindow, Leg: leg, CPUs: unpinned(1 + int(in.next()%2)), Threads: 3,
			Checksum: in.next()%4 == 0, Giveup: 500 * time.Millisecond, Connect: 500 * time.Millisecond,
		},
		Hooks: rig.Hooks{Transport: network, Timing: hurried},
	}
	s, err := rig.NewSender(rig.SendConfig{
		Setup: o, Paths: []engine.Path{{Host: "a", Port: port}}, Source: source.FD, Observer: hears{log, "tx: ", 2},
	})
	if err != nil {
		t.Fatal(err)
	}
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	d, err := network.Listen(t.Context(), port, 1)
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan error, 1)
	go func() {
		_, err := s.Run(context.Background())
		over <- err
	}()
	if source.Far != nil {
		go feed(source.Far, data, false, rand.New(rand.NewPCG(1, 2)))
	}
	h := &hypocrite{in: in, got: make(map[uint64][]byte)}
	h.serve(d.Listeners()[0])
	status := ending(t, over, log)
	d.Close()
	h.all.Wait()
	within(t, &before)
	if status == engine.StatusDone && !h.done {
		t.Fatalf("status 0, and nobody said that all was delivered\n%s", log)
	}
	if status == engine.StatusDone && !h.lied {
		if out := h.stream(); !bytes.Equal(out, data) {
			t.Fatalf("status 0, %d bytes came of %d\n%s", len(out), len(data), log)
		}
	}
}

// hypocrite is a receiver that breaks the rules as long as its input lasts, and then keeps to them.
type hypocrite struct {
	all sync.WaitGroup

	mu    sync.Mutex
	in    *tape // guarded by mu, as is all below
	got   map[uint64][]byte
	below uint64 // legs without a gap, when last looked at
	end   *wire.End
	done  bool // it has said DONE
	lied  bool // it said that it has what it has not
}

func (h *hypocrite) serve(l net.Listener) {
	h.all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			h.all.Go(func() {
				defer c.Close()
				c.SetDeadline(time.Now().Add(4 * time.Second))
				h.talk(c)
			})
		}
	})
}

func (h *hypocrite) talk(c net.Conn) {
	b := make([]byte, wire.HelloLen)
	if _, err := io.ReadFull(c, b); err != nil {
		return
	}
	hello, err := wire.ParseHello(b)
	if err != nil {
		return
	}
	w := wire.Welcome{
		Version: wire.Version, Stream: hello.Stream, MaxLeg: 65536, Credit: 16, Receiver: 9, Features: hello.Features,
	}
	h.mu.Lock()
	if h.in.next()%8 == 1 {
		w.Credit, w.MaxLeg = uint32(h.in.number(16)), uint32(min(h.in.number(65536), wire.MaxLeg))
		w.Features ^= uint32(h.in.next() & 3)
		w.Receiver += uint64(h.in.next() & 1)
		w.Delivered = min(h.in.number(0), 1<<62)
		w.Verdict = wire.Verdict(h.in.next() % 3 % 2 * h.in.next())
	}
	h.mu.Unlock()
	c.Write(w.Append(nil))
	head := make([]byte, wire.HeaderLen)
	for {
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		f, err := wire.ParseHeaderFrom(wire.Sender, head)
		if err != nil {
			panic(err) // the sender keeps to the rules
		}
		payload := make([]byte, f.Length)
		if _, err := io.ReadFull(c, payload); err != nil {
			return
		}
		if !h.answer(c, f, payload) {
			return
		}
	}
}

// answer takes a frame in and answers it, truly or not; false ends the link.
func (h *hypocrite) answer(c net.Conn, f wire.Header, payload []byte) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch f.Type {
	case wire.TypeLeg:
		h.got[f.A] = payload
	case wire.TypeEnd:
		e := f.End()
		h.end = &e
	case wire.TypeBye, wire.TypeError:
		return false
	}
	if len(h.in.b) > 0 {
		return h.lie(c)
	}
	if h.lied {
		c.Write(wire.Fault{Status: 6, Text: "lied before"}.Append(nil))
		return true
	}
	n := h.received()
	c.Write(wire.Ack{Received: n, Delivered: n}.Append(nil))
	if h.end != nil && n >= h.end.Legs {
		h.done = true
		c.Write(wire.Done{Legs: h.end.Legs, Bytes: h.end.Bytes}.Append(nil))
	}
	return true
}

// received is how many legs are here without a gap; under mu.
func (h *hypocrite) received() uint64 {
	for h.got[h.below] != nil {
		h.below++
	}
	return h.below
}

func (h *hypocrite) lie(c net.Conn) bool {
	in, n := h.in, h.received()
	var b []byte
	switch in.next() % 12 {
	case 0, 1:
		return true // says nothing
	case 2:
		b = wire.Ack{Received: n, Delivered: n}.Append(nil)
	case 3:
		h.lied = true
		a := wire.Ack{Received: min(in.number(n), 1<<63-1), Bitmap: make([]uint64, in.next()%65)}
		for i := range a.Bitmap {
			a.Bitmap[i] = uint64(in.next()) << (in.next() % 64)
		}
		a.Delivered = min(in.number(n), a.Received)
		b = a.Append(nil)
	case 4:
		b = wire.Beat{Sent: in.number(1), Echo: in.number(1)}.Append(nil)
	case 5:
		b = in.bytes(200)
	case 6: // any header, with its checksum
		h.lied, h.done = true, true // it may be any frame
		b = wire.Ack{Received: n, Delivered: n}.Append(nil)
		kind, flags := in.next(), in.next()
		b[0], b[1] = kind%9, flags&in.next() // few flags
		for range in.next() % 4 {
			b[2+in.upTo(26)] = in.next()
		}
		b = append(seal(b), in.bytes(600)...)
	case 7:
		h.done, h.lied = true, true
		b = wire.Done{Legs: min(in.number(n), 1<<63-1), Bytes: min(in.number(n), 1<<63-1)}.Append(nil)
	case 8:
		b = wire.Bye{Stream: in.next()%2 == 0}.Append(nil)
	case 9:
		return false
	case 10:
		if in.next()%8 == 0 {
			h.lied = true
			b = wire.Fault{Status: uint16(in.upTo(1 << 16)), Text: string(in.bytes(300))}.Append(nil)
		}
	case 11: // a part of a frame, and perhaps the rest of it later, behind something else
		b = wire.Ack{Received: n, Delivered: n}.Append(nil)
		b = b[:in.upTo(len(b))]
	}
	c.Write(b)
	return true
}

func (h *hypocrite) stream() (out []byte) {
	for n := uint64(0); h.got[n] != nil; n++ {
		out = append(out, h.got[n]...)
	}
	return out
}
