package receive

import (
	"fmt"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/receive/egress"
	"viamillipede/engine/receive/stage"
	"viamillipede/engine/ring"
	"viamillipede/engine/wire"
)

// beginLeg finds room for a leg, unless it was received before. Within the credit there is always room.
func (k *rxlink) beginLeg(l wire.Leg) error {
	k.Loop.Stir()
	k.state, k.leg = stage.Dropped, nil
	if most := max(l.Length, k.frame.Length); most > k.r.most {
		return fmt.Errorf("leg %d has %d bytes, more than %d", l.Number, most, k.r.most)
	}
	coded := l.Form == wire.Coded
	if l.Form.Feature()&^k.r.grants != 0 {
		return fmt.Errorf("leg %d is of a form that was not granted", l.Number)
	}
	if k.r.sums && !l.Checked && !coded {
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
	if k.r.ring.Has(ring.Seq(l.Number)) {
		return false, nil
	}
	if d := ring.Seq(l.Number).Distance(k.r.ring.Next()); d >= int64(k.r.credit) {
		return false, fmt.Errorf("leg %d is %d beyond what was delivered, more than the credit of %d", l.Number, d, k.r.credit)
	}
	if first, ok := k.r.claims.Agrees(l); !ok {
		// Of a stream that is only tried too: no accident does that. The link stays, to carry the word of it.
		err := fmt.Errorf("%d bytes at byte %d, and %d at byte %d before", l.Length, l.Offset, first.Length, first.Offset)
		if l.Form != first.Form {
			err = fmt.Errorf("they are not of the same form")
		}
		k.r.life.Fail(stream.Fail(stream.StatusIntegrity, err, "two copies of leg %d differ", l.Number))
		return false, nil
	}
	if l.Number == 0 && l.Offset != 0 && !k.r.tenure.Owns() {
		return false, fmt.Errorf("leg 0 begins at byte %d", l.Offset)
	}
	return true, nil
}

// buffer makes the rest of the leg go into a buffer. The sink already has whatever came before.
func (k *rxlink) buffer(l wire.Leg) error {
	buf := k.r.pool.Get(k.Loop.ID)
	if buf == nil {
		return fmt.Errorf("no buffer for leg %d", l.Number)
	}
	k.state, k.leg = stage.Buffered, &k.r.legs[buf.Index()]
	*k.leg = egress.Leg{Leg: l, Buf: buf}
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
		if whole, err := k.verify(leg); !whole {
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
	switch k.r.legsIn.Publish(ring.Seq(leg.Number), leg) {
	case ring.Published:
		if coded {
			k.r.coded.Take(leg, int(k.r.most), len(k.r.legs))
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

// verify checks the payload. A leg's first mismatch costs its link, so that the leg is sent again. The second ends the stream,
// even one that is only being tried, because the sender itself has other bytes than it announced and would send them for ever.
// The link then stays, to carry the news: it may be the only one.
func (k *rxlink) verify(l *egress.Leg) (whole bool, err error) {
	sum := wire.Checksum(l.Bytes())
	if sum == l.Checksum {
		return true, nil
	}
	here := func(n uint64) bool { return k.r.ring.Has(ring.Seq(n)) }
	again := k.r.damage.Again(l.Number, here)
	err = fmt.Errorf("leg %d has checksum %08x, %08x was announced", l.Number, sum, l.Leg.Checksum)
	if again && !here(l.Number) { // else there is an intact copy
		k.r.life.Fail(stream.Fail(stream.StatusIntegrity, err, "the stream is damaged, and was damaged again when it was resent"))
		return false, nil
	}
	return false, err
}
