package receive

import (
	"testing"

	"viamillipede/netio"
)

// What a receiving link waits for follows from its state alone.
func TestStateOfAReceivingLink(t *testing.T) {
	for state, want := range map[rxstate]struct {
		inLeg, has, reads, departs bool
		goesOn                     rxstate
	}{
		rxHeader:   {reads: true, departs: true, goesOn: rxHeader},
		rxControl:  {reads: true, goesOn: rxControl},
		rxDropped:  {inLeg: true, reads: true, goesOn: rxDropped},
		rxBuffered: {inLeg: true, has: true, reads: true, goesOn: rxBuffered},
		rxPlaced:   {inLeg: true, has: true, reads: true, goesOn: rxPlaced},
		rxCut:      {inLeg: true, has: true, reads: true, goesOn: rxCut},
		rxStalled:  {inLeg: true, has: true, goesOn: rxPlaced},
		rxHeld:     {inLeg: true, has: true, goesOn: rxCut},
		rxParked:   {inLeg: true, goesOn: rxParked},
	} {
		k := &rxlink{state: state, bound: &rxloop{}}
		if reads := k.events()&netio.Readable != 0; reads != want.reads || state.waits() == want.reads {
			t.Errorf("state %d: read is %v, waits is %v", state, reads, state.waits())
		}
		if state.inLeg() != want.inLeg || state.has() != want.has || k.departs() != want.departs || state.goesOn() != want.goesOn {
			t.Errorf("state %d: in a leg %v, has %v, departs %v, goes on at %d", state, state.inLeg(), state.has(), k.departs(), state.goesOn())
		}
		if k.release(); k.state.waits() || k.state.inLeg() != want.inLeg {
			t.Errorf("state %d is %d once its leg is released", state, k.state)
		}
	}
}
