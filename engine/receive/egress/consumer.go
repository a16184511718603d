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
		if err := parties.Consult(d.cfg.Over, 0, begun); err != nil {
			d.sinkFailed(err)
		}
	})
}

// Entitle notes what the sender's user calls the stream. Any loop calls it, before a leg of the link is taken. Errors: the frame is
// broken, or NAME is not among the features that were granted.
func (d *Delivery) Entitle(h wire.Header, payload []byte, granted uint32) error {
	if granted&wire.FeatureName == 0 {
		return errUngranted
	}
	t, err := h.Title(payload)
	if err == nil {
		d.title.Store(&t)
	}
	return err
}

var errUngranted = errors.New("a name came that was not granted")
