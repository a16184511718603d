package receive

import (
	"fmt"
	"slices"

	"viamillipede/engine/parties"
	"viamillipede/engine/receive/egress"
	"viamillipede/engine/receive/stage"
	"viamillipede/engine/wire"
)

// features are those that this receiver grants. Each byte of a test stream must come.
func (r *Receiver) features() (granted uint32) {
	granted = wire.FeatureChecksum | wire.FeatureName
	if r.cfg.Consumer == nil && r.cfg.Whole == nil {
		granted |= wire.FeatureExit // nobody takes what is there for a whole, but the user
	}
	if _, ok := r.cfg.Consumer.(parties.Screened); ok {
		granted |= wire.FeatureSize
	}
	if r.test == nil {
		granted |= wire.FeatureHoles
	}
	if r.had != nil && r.test == nil {
		granted |= wire.FeatureKeep
	}
	return granted
}

// bareLeg receives a leg that has no payload: it is whole.
func (k *rxlink) bareLeg(l wire.Leg) error {
	k.state, k.got = stage.Header, 0
	if l.Form.Feature()&^k.r.grants != 0 {
		return fmt.Errorf("leg %d is of a form that was not granted", l.Number)
	}
	if l.Form == wire.Kept && !k.r.had.Covers(l) {
		return fmt.Errorf("leg %d keeps what is not there", l.Number)
	}
	k.took()
	if useful, err := k.wants(l); !useful {
		return err
	}
	k.owns()
	k.r.out.Spare(l)
	return k.publish(&egress.Leg{Leg: l})
}

// answerAll lets the links go on with their answers; any goroutine may call it.
func (r *Receiver) answerAll() {
	for _, l := range r.loops {
		l.Post(func() {
			for _, k := range slices.Clone(l.Links) {
				if k.Away || k.Gone || k.Parting {
					continue
				}
				if err := k.answer(); err != nil {
					k.lose(err)
				}
			}
		})
	}
}

// answer tells the sender what the sink has, as far as it has asked on this link, it is known, and the socket takes it.
func (k *rxlink) answer() error {
	return k.r.had.Answer(&k.teller, &k.Control, k.speak)
}
