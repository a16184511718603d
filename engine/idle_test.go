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

// unsent is a connection whose kernel always says that some of what it was given has not left yet.
type unsent struct {
	stream.Connection
	calls int
	asked func() // after the start
}

func (c *unsent) Queued() netio.Queue {
	if c.calls++; c.calls > 1 {
		c.asked()
	}
	return netio.Queue{Told: true, InNetwork: 1000, Unsent: 1000}
}

// The last look at what a link has in the network may be from before all of it has arrived: a link that is idle after that says
// that it lives.
func TestIdleLinkBeats(t *testing.T) {
	asked := make(chan struct{})
	first := sync.OnceFunc(func() { close(asked) })
	tx := send(t, rig.Setup{Options: engine.Options{Threads: 1, Leg: 64 << 10}}, content(1, 1000),
		adopting(func(c stream.Connection) stream.Conn { return &unsent{Connection: c, asked: first} }))
	h := tx.accept(8)
	h.untilType(wire.TypeLeg)
	select {
	case <-asked:
	case <-time.After(soon):
		t.Fatal("nobody looks at the link")
	}
	h.send(wire.Ack{Received: 1, Delivered: 1}.Append(nil))
	h.untilType(wire.TypeBeat)
}

// looked is a connection that counts how often somebody looks where its packets come in.
type looked struct {
	stream.Connection
	at *atomic.Int64
}

func (c looked) IncomingCPU() int {
	c.at.Add(1)
	return c.Connection.IncomingCPU()
}

// An end to which nothing comes looks at its links about as often as it has to say that they live, and not at each tick.
func TestIdleEndRests(t *testing.T) {
	timing := steady
	timing.Tick, timing.Beat = 2*time.Millisecond, 300*time.Millisecond
	var looks atomic.Int64
	rx := receive(t, rig.Setup{Hooks: rig.Hooks{Timing: timing}}, enginetest.KindPipe,
		adopting(func(c stream.Connection) stream.Conn { return looked{c, &looks} }))
	h := rx.link(0)
	const beats = 3
	h.untilType(wire.TypeBeat)
	before := looks.Load()
	for range beats {
		h.untilType(wire.TypeBeat)
	}
	if n := looks.Load() - before; n > 10*beats {
		t.Errorf("%d looks for %d heartbeats", n, beats)
	}
}
