package engine_test

import (
	"bytes"
	"sync/atomic"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// flooded is a connection on which a frame comes in without end, once on is set: the socket is never found empty.
type flooded struct {
	stream.Connection
	on     *atomic.Bool
	frames []byte // the same, again and again
	frame  int    // its length
	at     int    // in it
}

func flooding(on *atomic.Bool, frame []byte) transporter {
	frames := bytes.Repeat(frame, 128)
	return adopting(func(c stream.Connection) stream.Conn {
		return &flooded{Connection: c, on: on, frames: frames, frame: len(frame)}
	})
}

func (c *flooded) Recv(a, b []byte) (int, error) {
	if !c.on.Load() {
		return c.Connection.Recv(a, b)
	}
	n := copy(a, c.frames[c.at:])
	c.at = (c.at + n) % c.frame
	return n, nil
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
			tx := send(t, rig.Setup{
				Options: engine.Options{Threads: 1, Leg: 64 << 10},
				Hooks:   rig.Hooks{Timing: brief},
			}, content(1, 4<<20), flooding(on, c.frame))
			h := tx.accept(8)
			h.untilType(wire.TypeLeg)
			on.Store(true)
			h.send(c.frame) // has it look
			tx.cancel()
			tx.wants(engine.StatusInterrupt)
		})
	}
	t.Run("a receiver", func(t *testing.T) {
		on := new(atomic.Bool)
		rx := receive(t, rig.Setup{Hooks: rig.Hooks{Timing: brief}}, enginetest.KindPipe, flooding(on, wire.Beat{Sent: 1}.Append(nil)))
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
	rx := receive(t, rig.Setup{Hooks: rig.Hooks{Timing: brief}}, enginetest.KindPipe, nil)
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
