package receive

import (
	"fmt"

	"viamillipede/engine/receive/egress"
	"viamillipede/engine/wire"
)

// features are those that this receiver grants. A test stream has no holes: each byte of it must come.
func (r *Receiver) features() uint32 {
	if r.test != nil {
		return wire.Features &^ wire.FeatureHoles
	}
	return wire.Features
}

// bareLeg receives a leg that has no payload: it is whole.
func (k *rxlink) bareLeg(l wire.Leg) error {
	k.state, k.got = rxHeader, 0
	if l.Form.Feature()&^k.r.grants != 0 {
		return fmt.Errorf("leg %d is of a form that was not granted", l.Number)
	}
	useful, err := k.wants(l)
	k.took()
	if err != nil || !useful {
		return err
	}
	k.r.own()
	k.r.out.Spare(l)
	return k.publish(&egress.Leg{Leg: l})
}
