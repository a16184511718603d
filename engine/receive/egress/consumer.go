package egress

import (
	"context"
	"errors"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/parties"
	"viamillipede/engine/wire"
)

// What a consumer says of which more is known than that it closes its end. The goroutine that ends the sink asks, except for Introduce.

// accepted waits until the consumer has accepted the stream, whose sink is closed. An error is why it has not.
func (d *Delivery) accepted() error {
	if d.cfg.Consumer == nil {
		return nil
	}
	return parties.Consult(d.cfg.Over, 0, d.cfg.Consumer.Accepts)
}

// whyLeft is why the consumer, which has left, failed; nil: it did not, or that does not become known within a moment.
func (d *Delivery) whyLeft() error {
	if d.cfg.Consumer == nil {
		return nil
	}
	return parties.Consult(d.cfg.Over, d.cfg.Farewell, d.cfg.Consumer.Left)
}

// Begin lets legs into the sink, unless its consumer has yet to open it.
func (d *Delivery) Begin() {
	if d.opener == nil {
		d.goes(untouched, writing)
	}
}

// Introduce has the consumer told whose stream it will get, and returns at once; its size and title are what the sender has said. It is called once, when Begin has been called.
func (d *Delivery) Introduce(o parties.Origin) {
	if d.cfg.Consumer == nil || d.isOver() {
		return
	}
	o.Size = uint64(d.ground.size)
	if t := d.title.Load(); t != nil {
		o.Title = string(*t)
	}
	d.intro.Start(func() {
		defer stream.Caught("the beginning of the output", d.cfg.Observer, d.cfg.Fail)
		begun := func(ctx context.Context) error { return d.cfg.Consumer.Begun(ctx, o) }
		err := parties.Consult(d.cfg.Over, 0, begun)
		if err == nil && d.opener != nil {
			err = d.openUp()
		}
		if err != nil {
			d.sinkFailed(err)
		}
	})
}

// openUp has the consumer open the sink, and lets legs in.
func (d *Delivery) openUp() error {
	if err := parties.Consult(d.cfg.Over, 0, d.opener.Open); err != nil || d.isOver() {
		return err
	}
	if err := d.resume(); err != nil {
		return stream.Fail(stream.StatusLocalPipe, err, "cannot wait for %s", d.cfg.Name)
	}
	if d.goes(untouched, writing) {
		d.cfg.Resume()
	}
	return nil
}

// Features are those that may be granted: because of what the consumer is; unless each byte has to come; or where what the sink has already
// counts.
func (d *Delivery) Features(each, has bool) (granted uint32) {
	granted = wire.FeatureChecksum | wire.FeatureName | wire.FeatureRest
	if !each {
		granted |= wire.FeatureHoles
	}
	if has && !each {
		granted |= wire.FeatureKeep
	}
	if d.cfg.Consumer == nil && d.cfg.Whole == nil {
		granted |= wire.FeatureExit // nobody takes what is there for a whole, but the user
	}
	if _, ok := d.cfg.Consumer.(parties.Screened); ok {
		granted |= wire.FeatureSize
	}
	return granted
}

// entitle notes what the sender's user calls the stream.
func (d *Delivery) entitle(h wire.Header, payload []byte) error {
	t, err := h.Title(payload)
	if err == nil {
		d.title.Store(&t)
	}
	return err
}

var errUngranted = errors.New("a frame came that was not granted")

// Hear takes what the sender says for the consumer: a name, before a leg of the link is taken; of its terminal; of its program. Any loop
// calls it. Errors: the frame is broken, or not among the features that were granted.
func (d *Delivery) Hear(h wire.Header, payload []byte, granted uint32) error {
	switch {
	case h.Type == wire.TypeName && granted&wire.FeatureName != 0:
		return d.entitle(h, payload)
	case h.Type == wire.TypeExit && granted&wire.FeatureExit != 0:
		d.exit.Store(uint32(h.Exit().Status))
	case h.Type == wire.TypeSize && granted&wire.FeatureSize != 0:
		d.resize(h.Screen())
	default:
		return errUngranted
	}
	return nil
}

// resize tells the consumer of a size, unless it knows a later one.
func (d *Delivery) resize(s wire.Screen) {
	d.sizing.Lock()
	defer d.sizing.Unlock()
	if d.sized && int32(s.Version-d.version) < 0 {
		return
	}
	d.sized, d.version = true, s.Version
	d.cfg.Consumer.(parties.Screened).Resize(s.Columns, s.Rows)
}

// Exit is the status of the program that has made the stream; 0: it is 0, or is not told. Any goroutine may call it.
func (d *Delivery) Exit() int { return int(d.exit.Load()) }
