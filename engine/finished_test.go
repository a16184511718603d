package engine_test

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// A sender that is done with a stream which is not all here sends no more of it: the stream fails at once, and nobody is told that
// a path works.
func TestSenderFinishesWithoutAnEnd(t *testing.T) {
	s := newStream(2, 1000)
	for name, says := range map[string][]byte{
		"no end":        nil,
		"a leg missing": s.end(),
	} {
		t.Run(name, func(t *testing.T) {
			rx := receive(t, rig.Setup{Options: engine.Options{Giveup: -1}, Hooks: rig.Hooks{Timing: steady}}, enginetest.KindPipe, nil)
			h := rx.link(0)
			h.send(s.frame(0), says, wire.Bye{Stream: true}.Append(nil))
			if got := h.untilType(wire.TypeError).A; engine.Status(got) != engine.StatusLost {
				t.Errorf("status %d is told", got)
			}
			h.c.Close()
			got := rx.wants(engine.StatusLost).err.Error()
			if want := "without sending all of it"; !strings.Contains(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
			if outages(rx.log, observe.OutageEnds) > 0 {
				t.Errorf("a failed stream is said to go on:\n%s", rx.log)
			}
		})
	}
}

// A sender that knows that all is written breaks off a leg that it was sending again: no link is lost by that.
func TestNoLinkIsLostAtTheEnd(t *testing.T) {
	rx := receive(t, rig.Setup{Hooks: rig.Hooks{Timing: steady}}, enginetest.KindPipe, nil)
	h, busy, s, got := rx.link(0), rx.link(1), newStream(2, 1000), rx.consume()
	busy.send(s.frame(0)[:wire.HeaderLen+1])
	h.send(s.frame(0), s.frame(1), s.end())
	h.untilType(wire.TypeDone)
	busy.c.Close()
	rx.until("the link is down", func() bool { return count[observe.LinkDown](rx.log, nil) > 0 })
	h.send(wire.Bye{Stream: true}.Append(nil))
	if lost := rx.wants(engine.StatusDone).LinksLost; lost != 0 {
		t.Errorf("%d links lost", lost)
	}
	if b := <-got; !bytes.Equal(b, s.data) {
		t.Errorf("%d bytes came out, %d went in", len(b), len(s.data))
	}
}

// A stream fails while its user knows of an outage, when it had been finished by its sender: that is no path that works.
func TestFailureIsNoEndOfAnOutage(t *testing.T) {
	timing := brief()
	timing.Dead = steady.Dead // what is written by hand has no heartbeat
	timing.Tell, timing.TellAgain, timing.Linger = time.Millisecond, time.Hour, 100*time.Millisecond
	s := newStream(1, 1000)
	rx := receive(t, rig.Setup{Options: engine.Options{Giveup: -1}, Hooks: rig.Hooks{Timing: timing}}, enginetest.KindPipe, nil)
	h := rx.link(0)
	h.send(s.frame(0), s.end())
	h.untilReceived(1)
	h.send(wire.Bye{Stream: true}.Append(nil))
	h.c.Close()
	rx.until("the outage is told", func() bool { return count(rx.log, func(e observe.Outage) bool { return !e.First }) > 0 })
	rx.stdio.Far.Close()
	rx.wants(engine.StatusLocalPipe)
	if outages(rx.log, observe.OutageEnds) > 0 {
		t.Errorf("a failed stream is said to go on:\n%s", rx.log)
	}
}

// A receiver that is done with the stream and has not said that it is written: the sender ends at once, and says what it knows.
func TestReceiverFinishesWithoutSuccess(t *testing.T) {
	for _, c := range []struct {
		name     string
		received uint64
		want     string
	}{
		{"all received", 1, "all 1000 bytes were received; whether they were written is not known: the receiver ended the stream without saying that it was written"},
		{"nothing received", 0, "the receiver ended the stream without saying that it was written"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tx := send(t, rig.Setup{Options: engine.Options{Threads: 1, Giveup: -1}, Hooks: rig.Hooks{Timing: steady}}, content(2, 1000), nil)
			h := tx.accept(8)
			h.untilType(wire.TypeEnd)
			h.send(wire.Ack{Received: c.received}.Append(nil), wire.Bye{Stream: true}.Append(nil))
			if got := tx.wants(engine.StatusLost).err.Error(); !strings.HasPrefix(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// addressless is a network on which the kernel does not tell the address of the first connection that comes in.
type addressless struct{ stream.Transport }

func (n addressless) Listen(ctx context.Context, port uint16, listeners int) (stream.Door, error) {
	d, err := n.Transport.Listen(ctx, port, listeners)
	return addresslessDoor{d, new(atomic.Bool)}, err
}

type addresslessDoor struct {
	stream.Door
	known *atomic.Bool
}

func (d addresslessDoor) Listeners() []net.Listener {
	ls := slices.Clone(d.Door.Listeners())
	for i, l := range ls {
		ls[i] = addresslessListener{l, d.known}
	}
	return ls
}

type addresslessListener struct {
	net.Listener
	known *atomic.Bool
}

func (l addresslessListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil && !l.known.Swap(true) {
		return addresslessConn{c}, nil
	}
	return c, err
}

func (addresslessListener) Addr() net.Addr { return nil }

type addresslessConn struct{ net.Conn }

func (addresslessConn) LocalAddr() net.Addr { return nil }

// A connection whose address the kernel does not tell is closed, and the next one is heard; nor is the door's own address needed.
func TestConnectionWithoutAnAddress(t *testing.T) {
	timing := steady
	timing.Tell = time.Millisecond
	rx := receive(t, rig.Setup{
		Hooks: rig.Hooks{Timing: timing},
	}, enginetest.KindPipe, func(n stream.Transport) stream.Transport { return addressless{n} })
	rx.until("it says that it waits", func() bool {
		return count(rx.log, func(e observe.Outage) bool { return e.First && e.Door == nil && e.Port == port }) > 0
	})
	got := rx.consume()
	c, err := rx.network.Dial(t.Context(), engine.Path{Host: "a", Port: port}, netip.Addr{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	h := rx.hand(c)
	h.c.Write(wire.Hello{Version: wire.Version, Stream: wire.StreamID{1}, MaxLeg: 64 << 10, Links: 4}.Append(nil)) // as far as it goes
	h.untilClosed()
	s := newStream(1, 1000)
	h = rx.link(0)
	h.send(s.frame(0))
	s.finish(rx, h, got)
}
