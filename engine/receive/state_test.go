package receive

import (
	"testing"

	"viamillipede/engine/receive/stage"
	"viamillipede/netio"
)

// What a receiving link waits for follows from its state alone.
func TestStateOfAReceivingLink(t *testing.T) {
	for state, want := range map[stage.Stage]struct {
		inLeg, has, reads, departs bool
		goesOn                     stage.Stage
	}{
		stage.Header:   {reads: true, departs: true, goesOn: stage.Header},
		stage.Control:  {reads: true, goesOn: stage.Control},
		stage.Dropped:  {inLeg: true, reads: true, goesOn: stage.Dropped},
		stage.Buffered: {inLeg: true, has: true, reads: true, goesOn: stage.Buffered},
		stage.Placed:   {inLeg: true, has: true, reads: true, goesOn: stage.Placed},
		stage.Cut:      {inLeg: true, has: true, reads: true, goesOn: stage.Cut},
		stage.Stalled:  {inLeg: true, has: true, goesOn: stage.Placed},
		stage.Held:     {inLeg: true, has: true, goesOn: stage.Cut},
		stage.Parked:   {inLeg: true, goesOn: stage.Parked},
	} {
		k := &rxlink{state: state, bound: &rxloop{}}
		if reads := k.events()&netio.Readable != 0; reads != want.reads || state.Waits() == want.reads {
			t.Errorf("state %d: read is %v, waits is %v", state, reads, state.Waits())
		}
		if state.InLeg() != want.inLeg || state.Has() != want.has || k.departs() != want.departs || state.GoesOn() != want.goesOn {
			t.Errorf("state %d: in a leg %v, has %v, departs %v, goes on at %d", state, state.InLeg(), state.Has(), k.departs(), state.GoesOn())
		}
		if k.release(); k.state.Waits() || k.state.InLeg() != want.inLeg {
			t.Errorf("state %d is %d once its leg is released", state, k.state)
		}
	}
}
