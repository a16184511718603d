package engine_test

import (
	"context"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// guest is a receiver that dials, made by hand.
type guest struct {
	t       *testing.T
	c       net.Conn
	id      uint64
	payload []byte // of what was heard last
}

// listening is a sender that listens, whose source is a pipe.
type listening struct {
	t    *testing.T
	s    *engine.Sender
	in   *os.File
	over chan error
}

func listen(t *testing.T, yield time.Duration) *listening {
	t.Helper()
	timing := steady
	timing.Yield = yield
	return listenWith(t, rig.Setup{Hooks: rig.Hooks{Timing: timing}})
}

func listenWith(t *testing.T, o rig.Setup) *listening {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return listenFrom(t, o, int(r.Fd()), w)
}

// listenFrom is listenWith, for any source. in is the other end of a pipe, or nil.
func listenFrom(t *testing.T, o rig.Setup, source int, in *os.File) *listening {
	t.Helper()
	s, err := rig.NewSender(rig.SendConfig{Setup: o, Source: source})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	l := &listening{t, s, in, make(chan error, 1)}
	go func() { _, err := s.Run(ctx); l.over <- err; close(l.over) }()
	t.Cleanup(func() {
		in.Close()
		cancel()
		<-l.over
	})
	return l
}

// ends waits until the sender has ended, with that status.
func (l *listening) ends(want engine.Status) {
	l.t.Helper()
	if err := <-l.over; engine.ExitStatus(err) != want {
		l.t.Errorf("status %d (%v), want %d", engine.ExitStatus(err), err, want)
	}
}

// says sends a frame.
func (g *guest) says(f interface{ Append([]byte) []byte }) {
	g.t.Helper()
	if _, err := g.c.Write(f.Append(nil)); err != nil {
		g.t.Fatal(err)
	}
}

// call dials and calls, with what change makes of the call.
func (l *listening) call(id uint64, change func(*wire.Call)) *guest {
	l.t.Helper()
	at := l.s.Addr().(*net.TCPAddr)
	c, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: at.Port})
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(soon))
	call := wire.Call{Paths: 1, Links: 2, Receiver: id}
	if change != nil {
		change(&call)
	}
	if _, err := c.Write(call.Append(nil)); err != nil {
		l.t.Fatal(err)
	}
	return &guest{t: l.t, c: c, id: id}
}

// answered reads the answer to a call: a hello, or a refusal.
func (g *guest) answered() (h wire.Hello, v wire.Verdict) {
	g.t.Helper()
	b := make([]byte, wire.HelloLen)
	if _, err := io.ReadFull(g.c, b); err != nil {
		g.t.Fatalf("no answer to a call: %v", err)
	}
	if w, err := wire.ParseWelcome(b); err == nil {
		return h, w.Verdict
	}
	h, err := wire.ParseHello(b)
	if err != nil {
		g.t.Fatal(err)
	}
	return h, wire.VerdictOK
}

// welcomes answers the hello.
func (g *guest) welcomes(h wire.Hello) {
	g.t.Helper()
	w := wire.Welcome{Stream: h.Stream, MaxLeg: wire.MaxLeg, Credit: 64, Receiver: g.id, Features: h.Features}
	if _, err := g.c.Write(w.Append(nil)); err != nil {
		g.t.Fatal(err)
	}
}

// becomes has a receiver become the sender's.
func (l *listening) becomes(id uint64, change func(*wire.Call)) (*guest, wire.Hello) {
	l.t.Helper()
	g := l.call(id, change)
	h, v := g.answered()
	if v != wire.VerdictOK {
		l.t.Fatalf("receiver %d is refused: %v", id, v)
	}
	g.welcomes(h)
	return g, h
}

// hears reads frames until one of the type comes.
func (g *guest) hears(want wire.Type) wire.Header {
	g.t.Helper()
	b := make([]byte, wire.MaxLeg)
	for {
		if _, err := io.ReadFull(g.c, b[:wire.HeaderLen]); err != nil {
			g.t.Fatalf("no %v: %v", want, err)
		}
		h, err := wire.ParseHeader(b)
		if err != nil {
			g.t.Fatal(err)
		}
		if _, err := io.ReadFull(g.c, b[:h.Length]); err != nil {
			g.t.Fatal(err)
		}
		if g.payload = b[:h.Length]; h.Type == want {
			return h
		}
	}
}

// A call proves nothing: a receiver that has no leg yet makes way for another one, as soon as it has had its time.
func TestCalledYields(t *testing.T) {
	l := listen(t, 50*time.Millisecond)
	first, _ := l.becomes(1, nil)
	first.hears(wire.TypeBeat) // it is the sender's
	second := l.call(2, nil)
	if bye := first.hears(wire.TypeBye).Bye(); bye.Reason != wire.ByeYields {
		t.Errorf("the first receiver hears %v", bye)
	}
	first.c.Close()
	h, v := second.answered()
	if v != wire.VerdictOK {
		t.Fatalf("the second receiver hears %v", v)
	}
	second.welcomes(h)
	if _, err := l.in.WriteString("words"); err != nil {
		t.Fatal(err)
	}
	if leg := second.hears(wire.TypeLeg).Leg(); leg.Number != 0 || leg.Length != 5 {
		t.Errorf("the second receiver gets %+v", leg)
	}
}

// A receiver that never answers the hello is in nobody's way, and one that goes leaves the sender free.
func TestCalledHalfOpen(t *testing.T) {
	l := listen(t, time.Hour)
	for range 3 {
		l.call(1, nil).answered()
	}
	gone, _ := l.becomes(2, nil)
	gone.hears(wire.TypeBeat) // it is the sender's
	gone.c.Close()
	g, _ := l.becomes(3, nil) // held until the other one has gone
	if _, err := l.in.WriteString("words"); err != nil {
		t.Fatal(err)
	}
	g.hears(wire.TypeLeg)
}

// Once a receiver has a leg, the sender is its own: others are told that it is busy, and what began elsewhere is unknown. It comes back, also
// while an old call of it is on its way.
func TestCalledOwned(t *testing.T) {
	l := listen(t, time.Hour)
	g, hello := l.becomes(1, nil)
	if _, err := l.in.WriteString("words"); err != nil {
		t.Fatal(err)
	}
	g.hears(wire.TypeLeg)
	g.says(wire.Ack{Received: 1, Delivered: 1})
	resumes := func(c *wire.Call) { c.Flags, c.Stream, c.Generation = wire.FlagResume, hello.Stream, 1 }
	g.c.Close()
	again, h := l.becomes(1, resumes)
	if h.Generation != 1 || h.Links != 2 {
		t.Errorf("a call is answered by %+v", h)
	}
	for _, c := range []struct {
		name   string
		id     uint64
		change func(*wire.Call)
		want   wire.Verdict
	}{
		{"another receiver", 2, nil, wire.VerdictBusy},
		{"one of another stream", 2, func(c *wire.Call) { c.Flags, c.Stream = wire.FlagResume, wire.StreamID{9} }, wire.VerdictUnknown},
		{"another number of links", 1, func(c *wire.Call) { resumes(c); c.Links = 3 }, wire.VerdictMalformed},
		{"another number of paths", 1, func(c *wire.Call) { resumes(c); c.Paths = 2 }, wire.VerdictMalformed},
		{"another checkphrase", 1, func(c *wire.Call) { resumes(c); c.Phrase = [4]byte{'a', 'b', 'c', 'd'} }, wire.VerdictPhrase},
	} {
		if _, v := l.call(c.id, c.change).answered(); v != c.want {
			t.Errorf("%s hears %v, want %v", c.name, v, c.want)
		}
	}
	stale, _ := l.becomes(1, func(c *wire.Call) { resumes(c); c.Generation = 0 })
	if _, err := io.ReadAll(stale.c); err != nil {
		t.Logf("an old call: %v", err)
	}
	if _, err := l.in.WriteString("more"); err != nil {
		t.Fatal(err)
	}
	if leg := again.hears(wire.TypeLeg).Leg(); leg.Number != 1 {
		t.Errorf("the receiver that came back gets %+v", leg)
	}
}

// A receiver that says nothing of the leg that it got leaves the sender free: another one gets the whole stream.
func TestCalledUnacknowledged(t *testing.T) {
	l := listen(t, time.Hour)
	if _, err := l.in.WriteString("words"); err != nil {
		t.Fatal(err)
	}
	gone, _ := l.becomes(1, nil)
	gone.hears(wire.TypeLeg)
	gone.c.Close()
	g, _ := l.becomes(2, nil) // held until the other one has gone
	if leg := g.hears(wire.TypeLeg).Leg(); leg.Number != 0 || leg.Length != 5 {
		t.Errorf("the second receiver gets %+v", leg)
	}
	g.says(wire.Ack{Received: 1, Delivered: 1})
	l.in.Close()
	end := g.hears(wire.TypeEnd).End()
	g.says(wire.Done{Legs: end.Legs, Bytes: end.Bytes})
	g.says(wire.Bye{Stream: true})
	l.ends(engine.StatusDone)
}

// A sender whose receiver has a leg waits for that one alone, and not for ever: a process that has died is told by how its links ended,
// anything else by giveup.
func TestCalledLost(t *testing.T) {
	for _, c := range []struct {
		name         string
		dead, giveup time.Duration
		lose         func(*guest)
	}{
		{"killed", 50 * time.Millisecond, time.Hour, func(g *guest) { g.c.Close() }},
		{"killed, and dead is off", -1, 50 * time.Millisecond, func(g *guest) { g.c.Close() }},
		{"unplugged", 50 * time.Millisecond, 500 * time.Millisecond, func(*guest) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			timing := steady
			timing.Beat, timing.Dead = 10*time.Millisecond, 200*time.Millisecond
			l := listenWith(t, rig.Setup{Options: engine.Options{Dead: c.dead, Giveup: c.giveup}, Hooks: rig.Hooks{Timing: timing}})
			g, _ := l.becomes(1, nil)
			if _, err := l.in.WriteString("words"); err != nil {
				t.Fatal(err)
			}
			g.hears(wire.TypeLeg)
			g.says(wire.Ack{Received: 1, Delivered: 1})
			waitFor(t, "the ack is heard", func() bool { return l.s.Snapshot().Window.Received == 1 })
			if _, err := l.in.WriteString("more"); err != nil {
				t.Fatal(err)
			}
			g.hears(wire.TypeLeg)
			c.lose(g)
			l.ends(engine.StatusLost)
		})
	}
}

// A sender whose user wants checksums sends nothing to a receiver that does not check them, and waits for another one.
func TestCalledWithoutChecksum(t *testing.T) {
	l := listenWith(t, rig.Setup{Options: engine.Options{Checksum: true}, Hooks: rig.Hooks{Timing: steady}})
	if _, err := l.in.WriteString("words"); err != nil {
		t.Fatal(err)
	}
	lax := l.call(1, nil)
	h, _ := lax.answered()
	h.Features &^= wire.FeatureChecksum
	lax.welcomes(h)
	if bye := lax.hears(wire.TypeBye).Bye(); bye.Reason != wire.ByeBroken {
		t.Errorf("a receiver that checks nothing hears %v", bye)
	}
	lax.c.Close()
	g, _ := l.becomes(2, nil)
	if leg := g.hears(wire.TypeLeg).Leg(); !leg.Checked {
		t.Errorf("the next receiver gets %+v", leg)
	}
}

// A receiver that granted nothing but larger legs than ours, and went, is in the way of none that grants more, and legs as large as ours.
func TestCalledByOneThatGrantsMore(t *testing.T) {
	l := listenWith(t, rig.Setup{Options: engine.Options{Rests: true, Title: "name"}, Hooks: rig.Hooks{Timing: steady}})
	poor := l.call(1, nil)
	h, _ := poor.answered()
	all := h.Features
	if h.Features = 0; all == 0 {
		t.Fatal("nothing is asked for")
	}
	poor.welcomes(h)
	poor.hears(wire.TypeBeat) // it is the sender's
	poor.c.Close()
	if _, err := l.in.WriteString("words"); err != nil {
		t.Fatal(err)
	}
	g := l.call(2, nil) // held until the other one has gone
	h, _ = g.answered()
	if _, err := g.c.Write(wire.Welcome{Stream: h.Stream, MaxLeg: h.MaxLeg, Credit: 64, Receiver: 2, Features: h.Features}.Append(nil)); err != nil {
		t.Fatal(err)
	}
	g.hears(wire.TypeLeg)
}

// A receiver whose links come up, one after another, and bring it nothing, is given up: giveup does not begin anew with each of them.
func TestCalledInVain(t *testing.T) {
	l := listenWith(t, rig.Setup{Options: engine.Options{Giveup: time.Second}, Hooks: rig.Hooks{Timing: steady}})
	if _, err := l.in.WriteString("words"); err != nil {
		t.Fatal(err)
	}
	at := l.s.Addr().String()
	visit := func(generation uint32) {
		c, err := net.Dial("tcp", at)
		if err != nil {
			return // the sender has ended
		}
		defer c.Close()
		if _, err := c.Write(wire.Call{Paths: 1, Links: 1, Receiver: 1, Generation: generation}.Append(nil)); err != nil {
			return
		}
		b := make([]byte, wire.HelloLen)
		_ = c.SetDeadline(time.Now().Add(soon))
		if _, err := io.ReadFull(c, b); err != nil {
			return
		}
		h, err := wire.ParseHello(b)
		if err != nil {
			return
		}
		if _, err := c.Write(wire.Welcome{Stream: h.Stream, MaxLeg: wire.MaxLeg, Credit: 64, Receiver: 1}.Append(nil)); err != nil {
			return
		}
		_ = c.SetDeadline(time.Now().Add(100 * time.Millisecond)) // so long the link lives
		_, _ = io.Copy(io.Discard, c)
	}
	for generation := uint32(0); ; generation++ {
		select {
		case err := <-l.over:
			if engine.ExitStatus(err) != engine.StatusLost {
				t.Errorf("status %d (%v), want %d", engine.ExitStatus(err), err, engine.StatusLost)
			}
			return
		default:
			visit(generation)
		}
	}
}
