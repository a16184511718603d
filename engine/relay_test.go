package engine_test

import (
	"fmt"
	"testing"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// The sink is a socket that takes a part of a leg which comes as fast as it can: that part goes there as it is, and the rest into a buffer,
// whether the leg is whole by then, or the link dies in the middle of it and another one brings it again.
//
//	sink:    |--- full
//	buffer:      |--------------|
//	link 0:  |------------------|    leg 1
func TestRelayToAFullSink(t *testing.T) {
	const leg = 64 << 10
	for _, stop := range []int{leg, leg - 1, 40 << 10} {
		t.Run(fmt.Sprint(stop), func(t *testing.T) {
			rx := receive(t, rig.Setup{Options: engine.Options{CPUs: unpinned(2), Threads: 2}}, enginetest.KindRelay, nil)
			first, second := rx.link(0), rx.link(1)
			s := newStream(4, leg)
			begun := rx.owned(first, s)
			rx.stdio.Shrink(16 << 10)
			first.send(s.frame(1)[:wire.HeaderLen+stop])
			if stop == leg {
				first.untilReceived(2) // although the sink has not taken it
			} else {
				begun = append(begun, rx.read(1)...) // the sink has begun
				first.c.Close()
				second.send(s.frame(1))
				second.untilReceived(2)
			}
			second.send(s.frame(2), s.frame(3))
			s.finish(rx, second, join(begun, rx.consume()))
		})
	}
}
