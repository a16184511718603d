package engine_test

import (
	"testing"

	"viamillipede/engine"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// Of two receivers that of the first path has the stream, although the other one answers sooner; that one is told.
func TestFirstPathsReceiver(t *testing.T) {
	paths := []engine.Path{{Host: "a", Port: port}, {Host: "b", Port: port + 1}}
	o := rig.Setup{Options: engine.Options{Threads: 2, Connect: soon}, Hooks: rig.Hooks{Timing: steady}}
	tx := sendOver(t, o, content(1, 1000), paths, nil)
	d, err := tx.network.Listen(t.Context(), port+1, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	h, other := tx.connection(tx.door), tx.connection(d.Listeners()[0])
	if h.hello, err = wire.ParseHello(h.bytes(wire.HelloLen)); err != nil {
		t.Fatal(err)
	}
	if other.hello, err = wire.ParseHello(other.bytes(wire.HelloLen)); err != nil {
		t.Fatal(err)
	}
	other.send(wire.Welcome{Version: wire.Version, Stream: other.hello.Stream, MaxLeg: 64 << 10, Credit: 4, Receiver: 8}.Append(nil))
	h.send(welcomeFor(h.hello, nil).Append(nil))
	f, _, err := other.frame()
	if err != nil || f.Type != wire.TypeBye || f.Bye().Reason != wire.ByeTaken {
		t.Errorf("the other receiver is told %v, %v", f, err)
	}
	h.takeAll(1)
	h.send(wire.Done{Legs: 1, Bytes: 1000}.Append(nil))
	tx.wants(engine.StatusDone)
}
