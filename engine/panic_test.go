package engine_test

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// mined is a network in which a call panics, as if a fault of the program were met there: once, when it is armed.
type mined struct {
	stream.Transport
	at    string // the call
	armed *atomic.Bool
}

func (m mined) step(at string) {
	if m.at == at && m.armed.CompareAndSwap(true, false) {
		var none []int
		none[len(at)]++
	}
}

func (m mined) Resolve(ctx context.Context, p engine.Path) ([]netip.Addr, error) {
	m.step("resolve")
	return m.Transport.Resolve(ctx, p)
}

func (m mined) Dial(ctx context.Context, p engine.Path, to netip.Addr, from uint16) (net.Conn, error) {
	m.step("dial")
	return m.Transport.Dial(ctx, p, to, from)
}

func (m mined) Adopt(c net.Conn, trace netio.Tracer) (stream.Conn, error) {
	m.step("adopt")
	conn, err := m.Transport.Adopt(c, trace)
	return &minedConn{stream.Equip(conn), m}, err
}

type minedConn struct {
	stream.Connection
	m mined
}

func (c *minedConn) Recv(a, b []byte) (int, error) {
	c.m.step("recv")
	return c.Connection.Recv(a, b)
}

func (c *minedConn) Send(a, b []byte) (int, error) {
	c.m.step("send")
	return c.Connection.Send(a, b)
}

func (c *minedConn) IncomingCPU() int {
	c.m.step("tick")
	return c.Connection.IncomingCPU()
}

// A fault at the receiver, whatever is at work, ends the stream with a status of its own; the sender is told, on other links and
// on those of the thread that had it, the file ends with what was delivered, and what has happened is printed.
func TestFaultAtTheReceiver(t *testing.T) {
	const leg = 64 << 10
	for _, at := range []string{"recv", "send", "tick", "adopt"} {
		for _, loops := range []int{1, 2} {
			t.Run(at, func(t *testing.T) {
				t.Parallel()
				m := mined{at: at, armed: new(atomic.Bool)}
				rx := receive(t, rig.Setup{Options: engine.Options{CPUs: unpinned(loops), Threads: 2}}, enginetest.KindFile,
					func(n stream.Transport) stream.Transport { m.Transport = n; return m })
				s := newStream(4, leg)
				h := rx.link(0)
				h.send(s.frame(0), s.frame(2), s.frame(3))
				h.until(func(f wire.Header, payload []byte) bool {
					return f.Type == wire.TypeAck && f.A == 1 && len(payload) > 0 && payload[0] == 0b11
				})
				m.armed.Store(true)
				if at == "adopt" {
					rx.link(1)
				}
				h.c.Write(wire.Beat{Sent: 1}.Append(nil))
				f, payload := h.lastWords()
				if engine.Status(f.Status) != engine.StatusInternal {
					t.Errorf("the sender is told %v %q", f, payload)
				}
				h.c.Close()
				rx.wants(engine.StatusInternal)
				if b := rx.content(); !bytes.Equal(b, s.data[:leg]) {
					t.Errorf("%d bytes are left, want the first %d", len(b), leg)
				}
				if count(rx.log, tellsWhere) == 0 {
					t.Errorf("it does not say where:\n%s", rx.log)
				}
			})
		}
	}
}

// The same at the sender.
func TestFaultAtTheSender(t *testing.T) {
	for _, at := range []string{"recv", "send", "resolve", "dial", "adopt"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			inLoop := at == "recv" || at == "send"
			m := mined{at: at, armed: new(atomic.Bool)}
			m.armed.Store(!inLoop)
			tx := send(t, rig.Setup{Options: engine.Options{Threads: 1, Leg: 64 << 10}}, content(1, 100<<10),
				func(n stream.Transport) stream.Transport { m.Transport = n; return m })
			if at == "adopt" {
				tx.accept(8)
			}
			if inLoop {
				h := tx.accept(8)
				h.untilType(wire.TypeEnd)
				m.armed.Store(true)
				h.send(wire.Beat{Sent: 1}.Append(nil))
				if f, text := h.lastWords(); engine.Status(f.Status) != engine.StatusInternal {
					t.Errorf("the receiver is told %v %q", f, text)
				}
				h.c.Close()
			}
			tx.wants(engine.StatusInternal)
			if count(tx.log, tellsWhere) == 0 {
				t.Errorf("it does not say where:\n%s", tx.log)
			}
		})
	}
}

// lastWords reads up to the peer's word of a failed stream.
func (h *hand) lastWords() (wire.Fault, string) {
	h.t.Helper()
	for {
		f, payload, err := h.frame()
		if err != nil {
			h.t.Fatal(err)
		}
		if f.Type == wire.TypeError {
			fault, err := f.Fault(payload)
			if err != nil {
				h.t.Fatal(err)
			}
			return fault, fault.Text
		}
	}
}

// tellsWhere reports whether a fault is told with the lines that led to it.
func tellsWhere(e observe.Fault) bool { return bytes.Contains(e.Stack, []byte("panic_test.go")) }
