package receive

import (
	"fmt"
	"slices"

	"viamillipede/engine/receive/egress"
	"viamillipede/engine/receive/stage"
	"viamillipede/engine/wire"
)

// features are those that this receiver grants. Each byte of a test stream must come.
func (r *Receiver) features() uint32 { return r.out.Features(r.test != nil, r.had != nil) }

// bareLeg receives a leg that has no payload: it is whole.
func (k *rxlink) bareLeg(l wire.Leg) error {
	k.state, k.got = stage.Header, 0
	if l.Form.Feature()&^k.r.store.Grants != 0 {
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
