package engine_test

import (
	"bytes"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// flood is a network on whose links frames come in without end, once it is on: the socket is never found empty.
type flood struct {
	engine.Transport
	on    *atomic.Bool
	frame []byte
}

func (f flood) Adopt(c net.Conn, trace netio.Tracer) (engine.Conn, error) {
	conn, err := f.Transport.Adopt(c, trace)
	return &floodConn{Conn: conn, flood: f}, err
}

type floodConn struct {
	engine.Conn
	flood
	at int
}

func (c *floodConn) Recv(a, b []byte) (int, error) {
	if !c.on.Load() {
		return c.Conn.Recv(a, b)
	}
	for i := range a {
		a[i] = c.frame[c.at]
		c.at = (c.at + 1) % len(c.frame)
	}
	return len(a), nil
}

// An end that is flooded with frames still does what its user asks for, and what its other links need.
func TestFlood(t *testing.T) {
	brief := steady
	brief.Farewell = 50 * time.Millisecond
	for _, c := range []struct {
		name  string
		frame []byte
	}{
		{"beats", wire.Beat{Sent: 1}.Append(nil)},
		{"acks", wire.Ack{Bitmap: []uint64{1 << 63}}.Append(nil)},
		{"largest acks", wire.Ack{Bitmap: onlyLast(64)}.Append(nil)},
	} {
		t.Run("a sender, "+c.name, func(t *testing.T) {
			on := new(atomic.Bool)
			tx := send(t, engine.Options{Threads: 1, Leg: 64 << 10, Timing: brief}, content(1, 4<<20),
				func(n engine.Transport) engine.Transport { return flood{n, on, c.frame} })
			h := tx.accept(tx.listen(), 8)
			h.untilType(wire.TypeLeg)
			on.Store(true)
			h.send(c.frame) // has it look
			tx.cancel()
			tx.wants(engine.StatusInterrupt)
		})
	}
	t.Run("a receiver", func(t *testing.T) {
		on := new(atomic.Bool)
		rx := receive(t, engine.Options{Timing: brief}, enginetest.KindPipe,
			func(n engine.Transport) engine.Transport { return flood{n, on, wire.Beat{Sent: 1}.Append(nil)} })
		h := rx.link(0)
		on.Store(true)
		h.send(wire.Beat{}.Append(nil))
		rx.cancel()
		rx.wants(engine.StatusInterrupt)
	})
}

// A sender that has everything delivered and never says that it knows, but beats on, does not keep the receiver.
func TestUnconfirmedEnd(t *testing.T) {
	brief := steady
	brief.Confirm = 100 * time.Millisecond
	rx := receive(t, engine.Options{Timing: brief}, enginetest.KindPipe, nil)
	got := rx.consume()
	s := newStream(2, 30000)
	h := rx.link(0)
	h.send(s.frame(0), s.frame(1), s.end())
	h.untilType(wire.TypeDone)
	for {
		f, _, err := h.frame()
		if err != nil || f.Type == wire.TypeBye {
			break
		}
		h.c.Write(wire.Beat{Sent: 1}.Append(nil))
	}
	rx.wants(engine.StatusDone)
	if b := <-got; !bytes.Equal(b, s.data) {
		t.Errorf("%d bytes came out", len(b))
	}
}
