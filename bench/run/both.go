package run

import (
	"context"
	"sync"

	"viamillipede/engine"
	"viamillipede/engine/rig"
)

// backward follows the name of a configuration where a stream went from rx to tx, beside another one.
const backward = ", back"

// receiveBack runs the sender s, which m measures, and beside it a receiver that dials the same paths for the stream that goes back, with mb.
func (c *Config) receiveBack(ctx context.Context, v *Variant, paths []engine.Path, m, mb meter, s *engine.Sender) (end, error) {
	sink, err := discard()
	if err != nil {
		drop(s)
		return end{}, err
	}
	defer sink.Close()
	r, err := rig.NewReceiver(rig.ReceiveConfig{
		Setup: rig.Setup{Options: v.Options, Hooks: rig.Hooks{LinkSums: true}}, Paths: paths, Sink: int(sink.Fd()),
		Observer: mb.observer(Prefix + "back: "),
	})
	if err != nil {
		drop(s)
		return end{}, err
	}
	return both(ctx, m, s, mb, r)
}

// sendBack makes the sender of the stream that goes back, which is called where r listens.
func (c *Config) sendBack(a *ask, o rig.Setup, r *engine.Receiver, m meter) (*engine.Sender, error) {
	o.Blank, o.Lasts = !o.PRBS, seconds(a.Warmup)+seconds(a.Seconds)
	return rig.NewSenderBeside(rig.SendConfig{Setup: o, Source: -1, Observer: m.observer(Prefix + "back: ")}, r)
}

// drop closes an end that is open and will not run.
func drop(s stream) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, _ = s.Run(ctx)
}

// both runs two streams at the same time, the second of which goes back, and measures both. The CPU time of the process, which is that of
// both, is shared out by their bytes. When one fails the other is stopped, and the first failure is the error.
func both(ctx context.Context, there meter, s stream, back meter, t stream) (end, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var ends [2]end
	var errs [2]error
	var all sync.WaitGroup
	for i, one := range []struct {
		meter
		stream
	}{{there, s}, {back, t}} {
		all.Go(func() {
			if ends[i], errs[i] = one.run(ctx, one.stream); errs[i] != nil {
				cancel(errs[i])
			}
		})
	}
	all.Wait()
	e := ends[0]
	e.Back = &ends[1]
	shareOut(&e, e.Back)
	if firstOf(errs[0], errs[1]) != nil {
		return e, context.Cause(ctx) // the other error is an echo
	}
	return e, nil
}

// shareOut gives each of two streams its part of the CPU time of their process.
func shareOut(e, back *end) {
	all := float64(e.Counted) + float64(back.Counted)
	if all == 0 {
		return
	}
	cpu := max(e.CPU, back.CPU) // the longer one's
	e.CPU, back.CPU = cpu*float64(e.Counted)/all, cpu*float64(back.Counted)/all
}
