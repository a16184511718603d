package receive

import (
	"fmt"

	"viamillipede/engine/receive/egress"
	"viamillipede/engine/receive/stage"
	"viamillipede/engine/ring"
	"viamillipede/engine/wire"
)

// beginLeg finds room for a leg, unless it was received before. Within the credit there is always room.
func (k *rxlink) beginLeg(l wire.Leg) error {
	k.state, k.leg = stage.Dropped, nil
	if most := max(l.Length, k.frame.Length); most > k.r.store.Most {
		return fmt.Errorf("leg %d has %d bytes, more than %d", l.Number, most, k.r.store.Most)
	}
	coded := l.Form == wire.Coded
	if l.Form.Feature()&^k.r.store.Grants != 0 {
		return fmt.Errorf("leg %d is of a form that was not granted", l.Number)
	}
	if k.r.store.Sums && !l.Checked && !coded {
		return fmt.Errorf("leg %d has no checksum, and the sender promised one", l.Number)
	}
	if useful, err := k.wants(l); !useful {
		return err
	}
	if k.ending || coded {
		return k.buffer(l)
	}
	if k.r.out.Places(l, k.Loop, k.owner.pipe) {
		k.state, k.leg = stage.Placed, &egress.Leg{Leg: l, Placed: true}
		return nil
	}
	if !k.r.out.CutsNow(l, k.owner.pipe) {
		if on, err := k.park(l); on || err != nil {
			return err
		}
	}
	if k.r.out.CutsNow(l, k.owner.pipe) {
		k.state, k.cut = stage.Cut, egress.Leg{Leg: l}
		return nil
	}
	return k.buffer(l)
}

// wants reports whether a leg is new, and may be what it says. An error ends the link.
func (k *rxlink) wants(l wire.Leg) (useful bool, err error) {
	if useful, err = k.r.store.Wants(l); useful && l.Number == 0 && l.Offset != 0 && !k.r.tenure.Owns() {
		return false, fmt.Errorf("leg 0 begins at byte %d", l.Offset)
	}
	return useful, err
}

// buffer makes the rest of the leg go into a buffer. The sink already has whatever came before.
func (k *rxlink) buffer(l wire.Leg) error {
	leg := k.r.store.Buffer(l, k.Loop.ID)
	if leg == nil {
		return fmt.Errorf("no buffer for leg %d", l.Number)
	}
	k.state, k.leg = stage.Buffered, leg
	return nil
}

// finishFrame handles a frame whose payload is complete.
func (k *rxlink) finishFrame() error {
	if !k.frame.IsLeg() {
		return k.obey()
	}
	leg := k.leg
	k.leg = nil
	k.took()
	if leg == nil {
		return nil
	}
	if leg.Checked {
		if whole, err := k.r.store.Verify(leg); !whole {
			leg.Release()
			return err
		}
	}
	k.owns()
	if leg.Form == wire.Sent && !k.r.inspect(leg) {
		leg.Release()
		return nil
	}
	return k.publish(leg)
}

// publish puts a whole leg into the ring. Unless it is coded, another loop may deliver it at once, and use it for another one.
func (k *rxlink) publish(leg *egress.Leg) error {
	coded := leg.Form == wire.Coded
	switch k.r.store.LegsIn.Publish(ring.Seq(leg.Number), leg) {
	case ring.Published:
		if coded {
			k.r.coded.Take(leg, int(k.r.store.Most), len(k.r.store.Legs))
		}
		k.owner.deliver()
	case ring.Duplicate:
		leg.Release()
	case ring.Beyond:
		leg.Release()
		return fmt.Errorf("leg %d is beyond the credit", leg.Number)
	}
	return nil
}
