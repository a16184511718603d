package egress

import (
	"context"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/parties"
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

// Introduce has the consumer told whose stream it will get, and returns at once; its size is what was announced. It is called once, when Begin has been called.
func (d *Delivery) Introduce(o parties.Origin) {
	if d.cfg.Consumer == nil || d.isOver() {
		return
	}
	o.Size = uint64(d.ground.size)
	d.intro.Start(func() {
		defer stream.Caught("the beginning of the output", d.cfg.Observer, d.cfg.Fail)
		begun := func(ctx context.Context) error { return d.cfg.Consumer.Begun(ctx, o) }
		if err := parties.Consult(d.cfg.Over, 0, begun); err != nil {
			d.sinkFailed(err)
		}
	})
}
