package egress

import (
	"errors"
	"fmt"
	"time"

	"viamillipede/engine/internal/chore"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// phase is how far a stream has got with its sink. It only grows. Whoever leaves the path to delivered ends the stream with
// an error, so that every stream ends either delivered or broken.
//
//	untouched
//	   |
//	   v       last leg            nothing unread           ended
//	writing ------------> unread -----------------> closing ------> delivered
//	   |                     |                         |
//	   | the sink fails      | its consumer is gone    | close(2), ftruncate(2) fail
//	   +---------------------+-------------------------+----------> broken
//
// The holder of the delivery turn does the writing. What follows may have to wait, for a consumer or for storage, so a
// goroutine does it while links and signals are still served. A consumer that goes away during writing leads to the same
// phases, because the sender must learn what was left unread; so does one that goes away before.
type phase int32

const (
	untouched phase = iota // nothing may be in the sink yet, since the stream is not the receiver's own, or the sink is not open
	writing                // legs are written as their turn comes
	unread                 // no more is written; the consumer has yet to read some of it, however long that takes
	closing                // the sink is cut to length and closed
	delivered              // the sender is told that all is well
	broken                 // the stream fails with what happened to the sink
)

// String names the phase.
func (p phase) String() string {
	return [...]string{"untouched", "writing", "unread", "closing", "delivered", "broken"}[p]
}

// in returns the phase.
func (d *Delivery) in() phase { return phase(d.phase.Load()) }

// goes moves from one phase to another; it reports false if the stream was not in from.
func (d *Delivery) goes(from, to phase) bool { return d.phase.CompareAndSwap(int32(from), int32(to)) }

// breaks notes that the sink has failed; it reports false if it had failed before, or already has the whole stream.
func (d *Delivery) breaks() bool {
	for {
		was := d.in()
		if was >= delivered {
			return false
		}
		if d.goes(was, broken) {
			return true
		}
	}
}

// conclude starts ending the sink, once every leg is written; the caller has the delivery turn.
func (d *Delivery) conclude(end wire.End) error {
	if err := d.agrees(end); err != nil {
		return err
	}
	d.ends(func() error { return d.awaitReader(end) })
	return nil
}

// agrees returns an error if the stream did not end where the sender says.
func (d *Delivery) agrees(end wire.End) error {
	if end.Legs == uint64(d.ring.Next()) && end.Bytes == d.bytes.Load() {
		return nil
	}
	return stream.Fail(stream.StatusIntegrity, nil, "the stream has %d bytes in %d legs, but the sender says %d in %d",
		d.bytes.Load(), d.ring.Next(), end.Bytes, end.Legs)
}

// consumerGone handles that nobody reads the sink any more; cause is the error of the write that found out, or nil.
func (d *Delivery) consumerGone(cause error) {
	d.ends(func() error {
		if err := d.whyLeft(); err != nil {
			return err
		}
		left := d.left()
		if left > 0 || cause != nil || d.sink.Dropped() || !d.hadAll() {
			return d.stoppedEarly(left, cause)
		}
		end := *d.End.Load()
		if err := d.agrees(end); err != nil {
			return err
		}
		return d.endSink(wire.Done{Legs: end.Legs, Bytes: end.Bytes})
	})
}

// hadAll reports whether a consumer that went away with nothing unread has read the whole stream: some recognise its end
// by themselves and do not wait to be told. The answer comes within a moment: the sender says that this was the end, or
// sends more.
func (d *Delivery) hadAll() bool {
	if !d.keepTurn() || d.bytes.Load() == 0 {
		return false
	}
	if leg := d.legs.Head(); leg != nil && d.partial == int(leg.Length) {
		d.advance(leg) // it was cut through, and the consumer was gone before its link could go on
	}
	late := time.NewTimer(d.cfg.Farewell)
	defer late.Stop()
	for d.partial == 0 && !d.ring.Ready() {
		if d.AllWritten() {
			return true
		}
		select {
		case <-d.news:
		case <-d.cfg.Over:
			return false
		case <-late.C:
			return false
		}
	}
	return false
}

// left is how much is left in the consumer's pipe. The news must reach the sender even while another process holds the
// pipe's lock: then the amount is not known, 0.
func (d *Delivery) left() int {
	told := make(chan int, 1)
	go func() {
		defer stream.Caught("the end of the output", d.cfg.Observer, d.cfg.Fail)
		told <- d.sink.Unread()
	}()
	select {
	case n := <-told:
		return n
	case <-time.After(d.cfg.Farewell):
		return 0
	}
}

// ends begins the phases after writing, unless they have begun. An error ends the stream.
func (d *Delivery) ends(how func() error) {
	if !d.goes(untouched, unread) && !d.goes(writing, unread) {
		return
	}
	d.endWatch()
	d.begun.Store(true)
	go func() {
		defer close(d.ended)
		defer stream.Caught("the end of the output", d.cfg.Observer, d.cfg.Fail)
		if err := how(); err != nil {
			d.sinkFailed(err)
		}
	}()
}

// endWatch stops all waiting for the sink. A link that waited goes on and drops what it has for the sink, because words of
// the sender may follow.
func (d *Delivery) endWatch() {
	for _, w := range d.unwatch() {
		w.SinkTakes(nil)
	}
}

// awaitReader waits until the consumer has read the stream, and ends the sink.
func (d *Delivery) awaitReader(end wire.End) error {
	left, gone := d.sink.AwaitReader(d.cfg.Over)
	if gone {
		if err := d.whyLeft(); err != nil {
			return err
		}
		return d.stoppedEarly(left, nil)
	}
	return d.endSink(wire.Done{Legs: end.Legs, Bytes: end.Bytes})
}

// stoppedEarly decides what becomes of a stream whose consumer went away with bytes unread: the user may have allowed that.
func (d *Delivery) stoppedEarly(left int, cause error) error {
	given := d.bytes.Load()
	if !d.cfg.Early {
		text := "the consumer of " + d.cfg.Name + " is gone"
		if d.cfg.Consumer != nil {
			text = d.cfg.Name + " reads no more"
		}
		switch {
		case left > 0 && d.sink.Counted():
			text += fmt.Sprintf(", and has left %d bytes of the %d that it was given unread", left, given)
		case left > 0:
			text += fmt.Sprintf(", and has left some of the %d bytes that it was given unread", given)
		}
		return stream.Fail(stream.StatusLocalPipe, cause, "%s", text)
	}
	if !d.keepTurn() {
		return nil
	}
	given = d.bytes.Load()
	unread := min(given, uint64(left))
	stopped := observe.ConsumerStopped{Sink: d.cfg.Name, Given: given, Unread: unread}
	if end := d.End.Load(); end != nil {
		stopped.Whole, stopped.Total = true, end.Bytes
	}
	observe.Tell(d.cfg.Observer, stopped)
	return d.endSink(wire.Done{Legs: d.legsWritten(), Bytes: given - unread, Early: true})
}

// keepTurn takes the delivery turn for good, once a call that another loop is making has returned; false if the stream ends
// first.
func (d *Delivery) keepTurn() bool {
	if d.kept {
		return true
	}
	for !d.turn.CompareAndSwap(false, true) {
		select {
		case <-d.cfg.Over:
			return false
		case <-time.After(schedule.SealPause):
		}
	}
	d.kept = true
	return true
}

// endSink ends the sink for its consumer and tells the sender so.
func (d *Delivery) endSink(done wire.Done) error {
	if d.isOver() || !d.goes(unread, closing) {
		return nil // the stream has failed meanwhile
	}
	d.ground.closePlaces()
	d.cut.Store(true)
	if err := d.leave(); err != nil {
		return stream.Fail(stream.StatusLocalPipe, err, "cannot end %s", d.cfg.Name)
	}
	if err := d.finish(); err != nil {
		return stream.Fail(stream.StatusLocalPipe, err, "cannot end %s", d.cfg.Name)
	}
	if d.cfg.Whole != nil && !d.isOver() {
		if err := d.cfg.Whole(d.bytes.Load()); err != nil {
			return stream.Fail(stream.StatusLocalPipe, err, "cannot end %s", d.cfg.Name)
		}
	}
	if err := d.accepted(); err != nil {
		return err
	}
	if !d.isOver() && d.goes(closing, delivered) {
		d.cfg.Complete(done)
	}
	return nil
}

// isOver reports whether the stream has ended.
func (d *Delivery) isOver() bool {
	select {
	case <-d.cfg.Over:
		return true
	default:
		return false
	}
}

// settles waits at most so long until the goroutine that ends the sink, if there is one, is done, and reports settled.
func (d *Delivery) settles(atMost time.Duration) bool {
	if d.begun.Load() {
		chore.AwaitAll(d.ended, 1, atMost)
	}
	return d.settled()
}

// settled reports whether no goroutine is at work on the sink's end. One that does not return is stuck in a call on the
// sink's descriptors, which must then stay open.
func (d *Delivery) settled() bool {
	select {
	case <-d.ended:
		return true
	default:
		return !d.begun.Load()
	}
}

// sinkFailed ends the stream, because its bytes cannot be delivered.
func (d *Delivery) sinkFailed(err error) {
	own, ok := errors.AsType[*stream.Error](err)
	if !ok && netio.BrokenPipe(err) {
		d.consumerGone(err)
		return
	}
	if !d.breaks() {
		return
	}
	d.endWatch()
	if !ok {
		own = stream.Fail(stream.StatusLocalPipe, err, "cannot write %s", d.cfg.Name)
	}
	d.cfg.Fail(own)
}

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
	if d.route != routePlace || d.cfg.Own {
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
