package engine

import (
	"errors"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/loop"
	"viamillipede/engine/ring"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// What a link's loop does to the sink itself: it cuts the head leg through, or puts a leg in its place in a file.

// errSinkEnds is why what was taken for the sink is not in it, and what follows need not be.
var errSinkEnds = errors.New("the sink takes nothing any more")

// Heed handles the sink's readiness, or its consumer's death. While nothing waits, only the latter is watched for. freed are those
// who waited; came: somebody did, a link or the egress itself, whose deliver the caller then has to call.
func (e *egress) Heed(events uint32) (freed []waiter, came bool) {
	if events&(netio.Failed|netio.HungUp) != 0 {
		e.consumerGone(nil)
		return nil, false
	}
	freed, came, err := e.unblock()
	if err != nil {
		e.sinkFailed(stream.Fail(stream.StatusLocalPipe, err, "cannot wait for standard output"))
	}
	return freed, came
}

// Hold makes w wait until the sink takes more; false: it is not to wait.
func (e *egress) Hold(w waiter) (held bool) {
	held, err := e.block(w)
	if err != nil {
		e.sinkFailed(err)
	}
	return held
}

// Gone reports whether the sink's consumer has gone, and handles that.
func (e *egress) Gone() bool {
	if !e.sink.Gone() {
		return false
	}
	e.consumerGone(nil)
	return true
}

// Wants reports whether the sink is in the middle of a leg, or at its beginning, and no whole copy of it is here. has is how many of
// its bytes the sink has. The caller has the turn.
func (e *egress) Wants(n ring.Seq) (has int, ok bool) {
	return e.partial, e.Phase() == writing && n == e.ring.Next() && !e.ring.Ready()
}

// Writes reports whether legs go to the sink; false: it has all, or has failed, or its consumer is gone.
func (e *egress) Writes() bool { return e.Phase() == writing }

// Pull moves up to so many bytes of the head leg, of which the sink has what came before, from a connection into the sink, through p
// where that takes a pipe. The caller has the turn.
//
//	(n, nil)           they are in the sink
//	(n, errSinkEnds)   they are lost, and p may have some of them: the sink has failed, and the stream will
//	(0, err)           nothing moved; netio says whether the connection had nothing, or the sink no room, or splice is refused
func (e *egress) Pull(l *rxleg, from stream.Mover, p *netio.Pipe, most int) (n int, err error) {
	if err := e.inPlace(l); err != nil {
		e.sinkFailed(err)
		return 0, errSinkEnds
	}
	if e.Straight() {
		e.at.Away(&e.shore, func() { n, err = from.Splice(e.sink, most) })
		if err != nil {
			return 0, err
		}
	} else {
		if n, err = from.TakePipe(p, most); err != nil {
			return 0, err
		}
		e.at.Away(&e.shore, func() { err = e.sink.Empty(p) })
		if err != nil {
			e.sinkFailed(err)
			return n, errSinkEnds
		}
	}
	e.wrote(n)
	return n, nil
}

// CarryOn writes what is in order behind a leg that was cut through, and published. The caller has the turn.
func (e *egress) CarryOn() {
	if err := e.drain(); err != nil {
		e.sinkFailed(err)
	}
}

// CutsNow reports whether a leg that begins now, on a loop that has pipe p, can go straight to the sink. The first leg of all cannot:
// until it is whole, the stream is not the receiver's own.
func (e *egress) CutsNow(l wire.Leg, p *netio.Pipe) bool {
	return e.Cuts(l, p) && ring.Seq(l.Number) == e.ring.Next() && e.Phase() != untouched
}

// Places reports whether a leg that begins now, on a loop that has pipe p, goes to its place in a file. The place that it claims must
// fit the window, so that a broken peer cannot make the file longer than that.
func (e *egress) Places(l wire.Leg, at *loop.Loop, p *netio.Pipe) bool {
	if e.Phase() == untouched || e.route != routePlace || p == nil || e.sink.Refuses() || l.Length < cutLeast || l.Checked {
		return false
	}
	beyond := ring.Seq(l.Number).Distance(e.ring.Next())
	if l.Offset-e.bytes.Load() > uint64(max(0, beyond))*uint64(e.most) {
		return false
	}
	e.ground.reserve(int64(l.Offset)+int64(l.Length), at)
	return true
}

// Place moves the n bytes that are in p to a place in the file, at the given offset in the stream. After an error p may have some of
// them, and nothing more of the leg has to be placed. Any loop may call it; the stream fails if need be.
func (e *egress) Place(at *loop.Loop, p *netio.Pipe, offset int64, n int) (err error) {
	e.ground.reached(offset + int64(n)) // or a part of it
	at.Away(&e.shore, func() { err = e.ground.emptyAt(p, e.ground.spot()+offset) })
	if err != nil && (err != errSealed || e.Phase() == writing) {
		e.sinkFailed(err)
	}
	return err
}

// Stuck reports whether a call on the sink does not return.
func (e *egress) Stuck() bool { return e.shore.Busy() }

// Stall makes w wait until no call on the sink is stuck.
func (e *egress) Stall(w waiter) {
	e.addStalled(w)
	if !e.shore.Busy() {
		e.freed() // it may have been free before w waited
	}
}

// freed resumes everyone who has waited since a call on the sink got stuck.
func (e *egress) freed() {
	for _, w := range e.takeStalled() {
		w.SinkTakes(nil)
	}
	e.cfg.Resume()
}
