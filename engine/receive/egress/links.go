package egress

import (
	"errors"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/loop"
	"viamillipede/engine/ring"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// What a link's loop does to the sink itself: it cuts the head leg through, or puts a leg in its place in a file.

// ErrEnds is why what was taken for the sink is not in it, and what follows need not be.
var ErrEnds = errors.New("the sink takes nothing any more")

// Heed handles the sink's readiness, or its consumer's death. While nothing waits, only the latter is watched for. freed are those
// who waited; came: somebody did, a link or the holder of the turn, and the caller has to call Deliver.
func (d *Delivery) Heed(events uint32) (freed []Waiter, came bool) {
	if events&(netio.Failed|netio.HungUp) != 0 {
		d.consumerGone(nil)
		return nil, false
	}
	freed, came, err := d.unblock()
	if err != nil {
		d.sinkFailed(stream.Fail(stream.StatusLocalPipe, err, "cannot wait for %s", d.cfg.Name))
	}
	return freed, came
}

// Hold makes w wait until the sink takes more; false: it is not to wait.
func (d *Delivery) Hold(w Waiter) (held bool) {
	held, err := d.block(w)
	if err != nil {
		d.sinkFailed(err)
	}
	return held
}

// Gone reports whether the sink's consumer has gone, and handles that.
func (d *Delivery) Gone() bool {
	if !d.sink.Gone() {
		return false
	}
	d.consumerGone(nil)
	return true
}

// Wants reports whether the sink is in the middle of a leg, or at its beginning, and no whole copy of it is here. has is how many of
// its bytes the sink has. The caller has the turn.
func (d *Delivery) Wants(n ring.Seq) (has int, ok bool) {
	return d.partial, d.in() == writing && n == d.ring.Next() && !d.ring.Ready()
}

// Writes reports whether legs go to the sink; false: it has all, or has failed, or its consumer is gone.
func (d *Delivery) Writes() bool { return d.in() == writing }

// Pull moves up to so many bytes of the head leg, of which the sink has what came before, from a connection into the sink, through p
// where that takes a pipe. The caller has the turn.
//
//	(n, nil)           they are in the sink, except for what p has
//	(n, ErrEnds)       they are lost, and p may have some of them: the sink has failed, and the stream will
//	(0, err)           nothing moved; netio says whether the connection had nothing, or the sink no room, or splice is refused
func (d *Delivery) Pull(l *Leg, from stream.Mover, p *netio.Pipe, most int) (n int, err error) {
	if err := d.inPlace(l); err != nil {
		d.sinkFailed(err)
		return 0, ErrEnds
	}
	if d.Straight() {
		d.at.Away(&d.shore, func() { n, err = from.Splice(d.sink, most) })
		if err != nil {
			return 0, err
		}
	} else {
		if n, err = from.TakePipe(p, most); err != nil {
			return 0, err
		}
		d.at.Away(&d.shore, func() { err = d.pass(p) })
		if err != nil {
			d.sinkFailed(err)
			return n, ErrEnds
		}
	}
	d.wrote(n - left(p))
	return n, nil
}

// left is how much a pipe has that the sink did not take; nil is none.
func left(p *netio.Pipe) int {
	if p == nil {
		return 0
	}
	return p.Len()
}

// pass moves what is in a pipe into the sink, as much as a socket takes, or all of it. Away from the loop.
func (d *Delivery) pass(p *netio.Pipe) error {
	if d.route != routeRelay {
		return d.sink.Empty(p)
	}
	for p.Len() > 0 {
		switch _, err := d.sink.Offer(p); {
		case err == netio.ErrAgain:
			return nil
		case netio.Unsupported(err):
			d.Refuse()
			return nil
		case err != nil:
			return err
		}
	}
	return nil
}

// CarryOn writes what is in order behind a leg that was cut through, and published. The caller has the turn.
func (d *Delivery) CarryOn() {
	if err := d.drain(); err != nil {
		d.sinkFailed(err)
	}
}

// CutsNow reports whether a leg that begins now, on a loop that has pipe p, can go straight to the sink. The first leg of all cannot:
// until it is whole, the stream is not the receiver's own. Nor can one be dropped that would make it so, because the sink takes nothing.
func (d *Delivery) CutsNow(l wire.Leg, p *netio.Pipe) bool {
	return d.Cuts(l, p) && ring.Seq(l.Number) == d.ring.Next() && d.Writes()
}

// Places reports whether a leg that begins now, on a loop that has pipe p, goes to its place in a file. The place that it claims must
// fit the window, so that a broken peer cannot make the file longer than that.
func (d *Delivery) Places(l wire.Leg, at *loop.Loop, p *netio.Pipe) bool {
	if d.in() == untouched || d.route != routePlace || p == nil || d.sink.Refuses() || l.Length < cutLeast || l.Checked {
		return false
	}
	beyond := ring.Seq(l.Number).Distance(d.ring.Next())
	if l.Offset-d.bytes.Load() > uint64(max(0, beyond))*uint64(d.most) {
		return false
	}
	d.ground.reserve(int64(l.Offset)+int64(l.Length), at)
	return true
}

// Place moves the n bytes that are in p to a place in the file, at the given offset in the stream. After an error p may have some of
// them, and nothing more of the leg has to be placed. Any loop may call it; the stream fails if need be.
func (d *Delivery) Place(at *loop.Loop, p *netio.Pipe, offset int64, n int) (err error) {
	d.ground.reached(offset + int64(n)) // or a part of it
	at.Away(&d.shore, func() { err = d.ground.emptyAt(p, d.ground.spot()+offset) })
	if err != nil && (err != errSealed || d.in() == writing) {
		d.sinkFailed(err)
	}
	return err
}

// Stuck reports whether a call on the sink does not return.
func (d *Delivery) Stuck() bool { return d.shore.Busy() }

// Stall makes w wait until no call on the sink is stuck.
func (d *Delivery) Stall(w Waiter) {
	d.addStalled(w)
	if !d.shore.Busy() {
		d.freed() // it may have been free before w waited
	}
}

// freed resumes everyone who has waited since a call on the sink got stuck.
func (d *Delivery) freed() {
	for _, w := range d.takeStalled() {
		w.SinkTakes(nil)
	}
	d.cfg.Resume()
}
