package engine_test

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// late is a network on which host a takes its time to connect.
type late struct{ stream.Transport }

func (l late) Dial(ctx context.Context, p engine.Path, to netip.Addr, from uint16) (net.Conn, error) {
	if p.Host == "a" {
		sleep := time.NewTimer(50 * time.Millisecond)
		defer sleep.Stop()
		select {
		case <-sleep.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return l.Transport.Dial(ctx, p, to, from)
}

// Of two receivers that of the first path has the stream, although the other one answers sooner; that one is told.
func TestFirstPathsReceiver(t *testing.T) {
	paths := []engine.Path{{Host: "a", Port: port}, {Host: "b", Port: port + 1}}
	o := rig.Setup{Options: engine.Options{Threads: 2, Connect: soon}, Hooks: rig.Hooks{Timing: steady}}
	tx := sendOver(t, o, content(1, 1000), paths, func(n stream.Transport) stream.Transport { return late{n} })
	d, err := tx.network.Listen(t.Context(), port+1, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	other := tx.connection(d.Listeners()[0])
	if other.hello, err = wire.ParseHello(other.bytes(wire.HelloLen)); err != nil {
		t.Fatal(err)
	}
	other.send(wire.Welcome{Version: wire.Version, Stream: other.hello.Stream, MaxLeg: 64 << 10, Credit: 4, Receiver: 8}.Append(nil))
	h := tx.accept(4)
	f, _, err := other.frame()
	if err != nil || f.Type != wire.TypeBye || f.Bye().Reason != wire.ByeTaken {
		t.Errorf("the other receiver is told %v, %v", f, err)
	}
	h.takeAll(1)
	h.send(wire.Done{Legs: 1, Bytes: 1000}.Append(nil))
	tx.wants(engine.StatusDone)
}
