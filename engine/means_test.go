package engine_test

import (
	"bytes"
	"io"
	"testing"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/observe"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// A loop for which no pipe was left copies its legs, whatever the sink, while the others go on by reference.
func TestFewerPipesThanLoops(t *testing.T) {
	for _, kind := range []enginetest.Kind{enginetest.KindFile, enginetest.KindNull} {
		t.Run(kind.String(), func(t *testing.T) {
			quiet(t)
			sink, err := enginetest.NewSink(kind)
			if err != nil {
				t.Fatal(err)
			}
			n := enginetest.NewNet(0, enginetest.Faults{})
			log := &lines{to: io.Discard}
			r, err := rig.NewReceiver(rig.ReceiveConfig{
				Setup: rig.Setup{Options: engine.Options{CPUs: unpinned(2), Threads: 2}, Hooks: rig.Hooks{Transport: n, Timing: steady}},
				Port:  port, Sink: sink.FD, Observer: hears{log, "rx: ", observe.LevelLegs},
			})
			if err != nil {
				t.Fatal(err)
			}
			engine.LosePipe(r)
			rx := start(t, n, sink, log, r.Run, r.Snapshot)
			s := newStream(8, 64<<10)
			both := func(h *wire.Hello) { h.Links = 2 }
			links := []*hand{rx.link(0, both), rx.link(1, both)} // one on each loop
			for i := range 8 {
				links[i%2].send(s.frame(i))
			}
			links[0].send(s.end())
			links[0].untilType(wire.TypeDone)
			links[0].send(wire.Bye{Stream: true}.Append(nil))
			rx.wants(engine.StatusDone)
			if kind == enginetest.KindFile && !bytes.Equal(rx.content(), s.data) {
				t.Error("the file differs from what was sent")
			}
		})
	}
}
