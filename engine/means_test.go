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

// filesForTwoPipes is how many descriptors leave a receiver with three loops two pipes: three for each loop, five more, two for each of
// the links that it lets in, and two for each pipe with as many in reserve.
const filesForTwoPipes = 3*3 + 5 + 2*engine.DefaultThreads + 2*2*2

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
				Setup: rig.Setup{
					Options: engine.Options{CPUs: unpinned(3), Threads: 3, Means: engine.Means{Files: filesForTwoPipes}},
					Hooks:   rig.Hooks{Transport: n, Timing: steady},
				},
				Port: port, Sink: sink.FD, Observer: hears{log, "rx: ", observe.LevelLegs},
			})
			if err != nil {
				t.Fatal(err)
			}
			rx := start(t, n, sink, log, r.Run, r.Snapshot)
			s := newStream(8, 64<<10)
			all := func(h *wire.Hello) { h.Links = 3 }
			links := []*hand{rx.link(0, all), rx.link(1, all), rx.link(2, all)} // one on each loop
			for i := range 8 {
				links[i%3].send(s.frame(i))
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
