package egress

import (
	"time"

	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
)

// A stream that fails leaves a file that ends with what was delivered, even if legs came early and were written behind a gap.
// The file is cut when the loops have ended, or, for a program that ends at once, while they run.

// CutOff makes a file end with what was delivered, unless the end of the stream, or an earlier call, has done so.
func (d *Delivery) CutOff() {
	if !d.settles(d.cfg.Farewell) || d.cut.Swap(true) {
		return
	}
	if err := d.leave(); err != nil {
		observe.Tell(d.cfg.Observer, observe.SinkNotCut{Err: err})
	}
}

// leave is ground.leave where legs have their place.
func (d *Delivery) leave() error {
	if d.route != routePlace {
		return nil
	}
	return d.ground.leave(int64(d.bytes.Load()))
}

// Seal takes the delivery turn for good, and every place in the file. Whoever holds the turn for longer than atMost is stuck in
// a write of its own, which continues what was delivered.
func (d *Delivery) Seal(atMost time.Duration) {
	for end := time.Now().Add(atMost); !d.turn.CompareAndSwap(false, true) && time.Now().Before(end); {
		time.Sleep(schedule.SealPause)
	}
	d.ground.closePlaces()
}
