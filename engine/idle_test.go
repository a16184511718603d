package engine_test

import (
	"net"
	"sync"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// unsent is a network whose kernel always says that some of what a link was given has not left yet.
type unsent struct {
	engine.Transport
	asked chan struct{} // closed when it was asked for the first time after the start
}

func (u unsent) Adopt(c net.Conn, trace netio.Tracer) (engine.Conn, error) {
	conn, err := u.Transport.Adopt(c, trace)
	if err != nil {
		return nil, err
	}
	calls := 0
	var once sync.Once
	return unsentConn{conn, func() {
		if calls++; calls > 1 {
			once.Do(func() { close(u.asked) })
		}
	}}, nil
}

type unsentConn struct {
	engine.Conn
	asked func() // by the link's own thread
}

func (c unsentConn) Queued() netio.Queue {
	c.asked()
	return netio.Queue{Told: true, InNetwork: 1000, Unsent: 1000}
}

// The last look at what a link has in the network may be from before all of it has arrived: a link that is idle after that says
// that it lives.
func TestIdleLinkBeats(t *testing.T) {
	u := unsent{asked: make(chan struct{})}
	tx := send(t, engine.Options{Threads: 1, Leg: 64 << 10}, content(1, 1000), func(n engine.Transport) engine.Transport {
		u.Transport = n
		return u
	})
	h := tx.accept(tx.listen(), 8)
	h.untilType(wire.TypeLeg)
	select {
	case <-u.asked:
	case <-time.After(soon):
		t.Fatal("nobody looks at the link")
	}
	h.send(wire.Ack{Received: 1, Delivered: 1}.Append(nil))
	h.untilType(wire.TypeBeat)
}
