package engine_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// swallowed is a connection whose kernel is never told that anything has arrived.
type swallowed struct{ stream.Connection }

func (swallowed) Queued() netio.Queue { return netio.Queue{Told: true, InNetwork: 1000} }

// swallowFirst has the first connection be one that brings nothing to the peer.
func swallowFirst() transporter {
	var first sync.Once
	return adopting(func(c stream.Connection) (conn stream.Conn) {
		conn = c
		first.Do(func() { conn = &swallowed{c} })
		return conn
	})
}

// The consumer dies when the link is dead, and nobody knows yet: the receiver says so again on the link that comes next.
func TestReceiverInsists(t *testing.T) {
	timing := brief()
	timing.Dead = soon
	rx := receive(t, rig.Setup{Hooks: rig.Hooks{Timing: timing}}, enginetest.KindPipe, swallowFirst())
	h := rx.link(0)
	h.send(newStream(1, 4096).frame(0))
	h.untilReceived(1)
	rx.stdio.Far.Close()
	h.untilType(wire.TypeError) // it arrives after all, but who is to know
	next := rx.link(1, func(h *wire.Hello) { h.Flags = wire.FlagResume })
	if got := next.untilType(wire.TypeError).A; engine.Status(got) != engine.StatusLocalPipe {
		t.Errorf("status %d is told", got)
	}
	next.c.Close()
	rx.wants(engine.StatusLocalPipe)
}

// slowly is a connection whose peer's kernel acknowledges the last words a moment after they have left.
type slowly struct {
	stream.Connection
	asks *atomic.Int64 // so many have asked since the end began; negative: it has not
}

func (c slowly) Queued() netio.Queue {
	if c.asks.Load() >= 0 && c.asks.Add(1) == 1 {
		return netio.Queue{Told: true, InNetwork: 1000}
	}
	return c.Connection.Queued()
}

// Words that have just left, of a receiver that has had no CPU for long, are not said in vain: the sender is not waited for on another link.
func TestReceiverIsHeardALittleLater(t *testing.T) {
	t.Parallel()
	timing := steady
	timing.Farewell, timing.Linger = 2*time.Second, time.Hour // more than goes by between two looks on the busiest machine
	var asks atomic.Int64
	asks.Store(-1)
	rx := receive(t, rig.Setup{Hooks: rig.Hooks{Timing: timing}}, enginetest.KindPipe,
		adopting(func(c stream.Connection) stream.Conn { return slowly{c, &asks} }))
	h := rx.link(0)
	h.send(newStream(1, 4096).frame(0))
	h.untilReceived(1)
	asks.Store(0)
	rx.stdio.Far.Close()
	h.untilType(wire.TypeError)
	rx.wants(engine.StatusLocalPipe) // though the link is still there
	if asks.Load() < 2 {
		t.Error("nobody has asked twice")
	}
}

// Likewise, the source fails.
func TestSenderInsists(t *testing.T) {
	timing := brief()
	timing.Dead = soon
	source, err := enginetest.NewResetSource()
	if err != nil {
		t.Fatal(err)
	}
	tx := sendFrom(t, rig.Setup{
		Options: engine.Options{Threads: 1, IO: "copy"},
		Hooks:   rig.Hooks{Timing: timing},
	}, source, []engine.Path{{Host: "a", Port: port}}, swallowFirst())
	if _, err := source.Far.Write(content(1, 1000)); err != nil {
		t.Fatal(err)
	}
	h := tx.accept(8)
	h.untilType(wire.TypeLeg)
	h.send(wire.Ack{Received: 1}.Append(nil))
	source.Far.Close()
	h.untilType(wire.TypeError)
	next := tx.accept(8)
	if got := next.untilType(wire.TypeError).A; engine.Status(got) != engine.StatusLocalPipe {
		t.Errorf("status %d is told", got)
	}
	next.c.Write(wire.Bye{Stream: true}.Append(nil)) // the sender may have gone
	next.c.Close()
	tx.wants(engine.StatusLocalPipe)
}
