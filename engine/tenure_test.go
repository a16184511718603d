package engine_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// other is the hello of another sender.
func other(h *wire.Hello) { h.Stream[0] = 2 }

// A sender that goes before a leg of it is in leaves the receiver as it was, whatever it has said.
func TestSenderThatBringsNothing(t *testing.T) {
	s := newStream(2, 30000)
	for _, c := range []struct {
		name  string
		links int
		says  []byte
	}{
		{"a hello", 1, nil},
		{"many hellos", 4, nil},
		{"a heartbeat", 1, wire.Beat{Sent: 1}.Append(nil)},
		{"an end of a stream that is to come", 1, wire.End{Legs: 7, Bytes: 7}.Append(nil)},
		{"that it has heard of the end", 1, wire.Bye{Stream: true}.Append(nil)},
		{"a part of a leg that is not its first", 1, s.frame(1)[:20000]},
		{"a part of its first leg", 1, s.frame(0)[:20000]},
		{"the header of a leg", 2, s.frame(0)[:wire.HeaderLen]},
		{"that it has failed", 2, wire.Fault{Status: uint16(engine.StatusTerminated), Text: "stopped"}.Append(nil)},
		{"two ends", 1, append(wire.End{Legs: 7, Bytes: 7}.Append(nil), wire.End{Legs: 8, Bytes: 8}.Append(nil)...)},
		{"bytes of no leg", 1, wire.End{Bytes: 5}.Append(nil)},
		{"legs of no bytes", 1, wire.End{Legs: 5}.Append(nil)},
		{"a leg beyond the credit", 1, wire.Leg{Number: 1 << 40, Offset: 1 << 50, Length: 7}.Append(nil)},
	} {
		for _, kind := range []enginetest.Kind{enginetest.KindPipe, enginetest.KindFile} {
			t.Run(c.name+" to a "+kind.String(), func(t *testing.T) {
				rx := receive(t, rig.Setup{Options: engine.Options{Connect: time.Minute}}, kind, nil)
				for i := range c.links {
					h := rx.link(uint32(i))
					_, _ = h.c.Write(c.says) // the link may be closed already, for what was said on the one before
					defer h.c.Close()
					h.c.Close()
				}
				rx.takes(s, kind)
			})
		}
	}
}

// A first leg that does not begin the stream ends its link and no more: nothing of it is in.
func TestFirstLegElsewhere(t *testing.T) {
	rx := receive(t, rig.Setup{Options: engine.Options{Connect: time.Minute}}, enginetest.KindPipe, nil)
	h := rx.link(0)
	h.send(append(wire.Leg{Offset: 7, Length: 64 << 10}.Append(nil), make([]byte, 20000)...))
	h.untilBye(wire.ByeBroken)
	rx.takes(newStream(2, 30000), enginetest.KindPipe)
}

// A sender that gives up before its first leg says so on one of its links, and holds all of them: they are ended, the user is told
// once, and the next sender is served.
func TestSenderGivesUpBeforeItsFirstLeg(t *testing.T) {
	o := rig.Setup{Hooks: rig.Hooks{Timing: steady}}
	o.Timing.Yield = time.Hour
	rx := receive(t, o, enginetest.KindPipe, nil)
	silent, speaks := rx.link(0), rx.link(1)
	speaks.send(wire.Fault{Status: uint16(engine.StatusTerminated), Text: "stopped by \x1b[1mSIGTERM"}.Append(nil))
	silent.untilBye(wire.ByeMoved)
	speaks.untilClosed()
	rx.takes(newStream(2, 30000), enginetest.KindPipe)
	if n := count(rx.log, func(e observe.SenderFailed) bool { return strings.HasPrefix(e.Reason, "stopped by") }); n != 1 {
		t.Errorf("told %d times:\n%s", n, rx.log)
	}
	if log := rx.log.String(); strings.Contains(log, "\x1b") {
		t.Errorf("a sender speaks to the terminal:\n%q", log)
	}
}

// takes has another sender bring its stream, whole.
func (r *running) takes(s handmade, kind enginetest.Kind) {
	r.t.Helper()
	var got <-chan []byte
	if r.stdio.Far != nil {
		got = r.consume()
	}
	h := r.link(0, other, func(h *wire.Hello) { h.Links = 2 })
	h.send(s.frame(0), s.frame(1), s.end())
	h.untilType(wire.TypeDone)
	h.send(wire.Bye{Stream: true}.Append(nil))
	r.wants(engine.StatusDone)
	out := []byte(nil)
	if got != nil {
		out = <-got
	} else {
		out = r.content()
	}
	if !bytes.Equal(out, s.data) {
		r.t.Errorf("%d bytes came out, %d went in", len(out), len(s.data))
	}
}

// A stream that brings nothing, and holds its link, yields when another sender has waited for Timing.Yield; it is told, and
// comes again when it has something to send.
func TestSenderYields(t *testing.T) {
	o := rig.Setup{Hooks: rig.Hooks{Timing: steady}}
	o.Timing.Yield, o.Timing.Hello = 50*time.Millisecond, soon
	rx := receive(t, o, enginetest.KindPipe, nil)
	got := rx.consume()
	s := newStream(1, 1000)
	idle := rx.link(0)
	idle.send(wire.Beat{Sent: 1}.Append(nil))
	mute := rx.link(0, other)
	if b := idle.untilType(wire.TypeBye).Bye(); b.Reason != wire.ByeYields {
		t.Errorf("it is told %v", b.Reason)
	}
	idle = rx.link(0)
	if b := mute.untilType(wire.TypeBye).Bye(); b.Reason != wire.ByeYields {
		t.Errorf("the other one is told %v", b.Reason)
	}
	idle.send(s.frame(0))
	idle.untilReceived(1)
	if h := rx.dial(0, other); h.welcome.Verdict != wire.VerdictBusy {
		t.Errorf("a sender that comes later: %v", h.welcome.Verdict)
	}
	s.finish(rx, idle, got)
}

// A sender whose source is slow keeps its place while nobody else comes, however long that is.
func TestSlowSourceKeepsItsPlace(t *testing.T) {
	o := rig.Setup{Hooks: rig.Hooks{Timing: steady}}
	o.Timing.Yield = time.Millisecond
	rx := receive(t, o, enginetest.KindPipe, nil)
	got := rx.consume()
	s := newStream(1, 1000)
	h := rx.link(0)
	for range 10 { // ticks, and what may come of them
		h.untilType(wire.TypeBeat)
		h.send(wire.Beat{Sent: 1}.Append(nil))
	}
	h.send(s.frame(0))
	s.finish(rx, h, got)
}

// A sender waits at the door of a receiver that tries another one, and is told in time when that one has its first leg in.
func TestSenderWaitsForAnother(t *testing.T) {
	o := rig.Setup{Hooks: rig.Hooks{Timing: steady}}
	o.Timing.Yield, o.Timing.Hello = time.Hour, time.Hour
	rx := receive(t, o, enginetest.KindPipe, nil)
	got := rx.consume()
	s := newStream(1, 1000)
	first := rx.link(0)
	verdict := make(chan wire.Verdict, 1)
	go func() { verdict <- rx.dial(0, other).welcome.Verdict }()
	rx.until("the other one is at the door", func() bool { return rx.network.Links() == 4 })
	first.send(s.frame(0))
	if v := <-verdict; v != wire.VerdictBusy {
		t.Errorf("verdict %v", v)
	}
	s.finish(rx, first, got)
}

// A sender that has yielded before a leg of it was in ends with the refusal when the receiver has become another's.
func TestSenderThatYieldedIsRefused(t *testing.T) {
	tx := send(t, rig.Setup{Options: engine.Options{Threads: 1, Connect: soon}}, content(1, 1000), nil)
	h := tx.accept(4)
	h.send(wire.Bye{Reason: wire.ByeYields}.Append(nil))
	h.c.Close()
	again := tx.accept(4, func(w *wire.Welcome) { w.Verdict = wire.VerdictBusy })
	if again.hello.Flags&wire.FlagResume != 0 {
		t.Errorf("it comes again with %+v", again.hello)
	}
	again.c.Close()
	tx.wants(engine.StatusRefused)
}

// An empty stream is a stream.
func TestEmptyStreamIsTheReceiversOwn(t *testing.T) {
	rx := receive(t, rig.Setup{}, enginetest.KindPipe, nil)
	got := rx.consume()
	h := rx.link(0)
	h.send(wire.End{}.Append(nil))
	h.untilType(wire.TypeDone)
	if h := rx.dial(0, other); h.welcome.Verdict != wire.VerdictBusy {
		t.Errorf("another sender: %v", h.welcome.Verdict)
	}
	h.send(wire.Bye{Stream: true}.Append(nil))
	rx.wants(engine.StatusDone)
	if b := <-got; len(b) > 0 {
		t.Errorf("%d bytes came out", len(b))
	}
}

// deafened is a network on which the first connections cannot be written to by the receiver.
type deafened struct {
	stream.Transport
	times int
}

func (d *deafened) Listen(ctx context.Context, port uint16, n int) (stream.Door, error) {
	door, err := d.Transport.Listen(ctx, port, n)
	return &deafDoor{door, d}, err
}

type deafDoor struct {
	stream.Door
	d *deafened
}

func (d *deafDoor) Listeners() (all []net.Listener) {
	for _, l := range d.Door.Listeners() {
		all = append(all, &deafListener{l, d.d})
	}
	return all
}

type deafListener struct {
	net.Listener
	d *deafened
}

func (l *deafListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil && l.d.times > 0 {
		l.d.times--
		c = unwritten{c}
	}
	return c, err
}

type unwritten struct{ net.Conn }

func (unwritten) Write([]byte) (int, error) { return 0, errors.New("no buffer space available") }

// A welcome that could not be sent has met nobody.
func TestWelcomeThatIsNotSent(t *testing.T) {
	rx := receive(t, rig.Setup{
		Options: engine.Options{Connect: time.Minute},
	}, enginetest.KindPipe, func(n stream.Transport) stream.Transport {
		return &deafened{n, 1}
	})
	c, err := rx.network.Dial(t.Context(), engine.Path{Host: "a", Port: port}, netip.Addr{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Write(wire.Hello{Version: wire.Version, Stream: wire.StreamID{9}, MaxLeg: 64 << 10, Links: 1}.Append(nil))
	c.SetDeadline(time.Now().Add(soon))
	if b, err := io.ReadAll(c); err != nil || len(b) > 0 {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	rx.takes(newStream(2, 30000), enginetest.KindPipe)
}

// Where descriptors are few, connections that say nothing keep no sender out: the seats that they have are given to others.
func TestSilentStrangersWhereDescriptorsAreFew(t *testing.T) {
	const files, strangers = 14, 12
	o := rig.Setup{Options: engine.Options{Means: engine.Means{Files: files}}, Hooks: rig.Hooks{Timing: steady}}
	o.Timing.Hello = time.Hour
	rx := receive(t, o, enginetest.KindPipe, nil)
	for range strangers {
		c, err := rx.network.Dial(t.Context(), engine.Path{Host: "a", Port: port}, netip.Addr{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	rx.takes(newStream(2, 30000), enginetest.KindPipe)
	why := func(e observe.Refused) bool { return strings.Contains(e.Err.Error(), "descriptors") }
	if said := count(rx.log, why); said == 0 || said != count[observe.Refused](rx.log, nil) {
		t.Errorf("%d of %d lines tell of descriptors", said, count[observe.Refused](rx.log, nil))
	}
}
