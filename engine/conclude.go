package engine

import (
	"errors"
	"fmt"
	"time"

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
	untouched phase = iota // nothing may be in the sink yet, since the stream is not the receiver's own
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
func (e *egress) Phase() phase { return phase(e.phase.Load()) }

// goes moves from one phase to another; it reports false if the stream was not in from.
func (e *egress) goes(from, to phase) bool { return e.phase.CompareAndSwap(int32(from), int32(to)) }

// breaks notes that the sink has failed; it reports false if it had failed before, or already has the whole stream.
func (e *egress) breaks() bool {
	for {
		was := e.Phase()
		if was >= delivered {
			return false
		}
		if e.goes(was, broken) {
			return true
		}
	}
}

// conclude starts ending the sink, once every leg is written; the caller has the delivery turn.
func (e *egress) conclude(end wire.End) error {
	if err := e.agrees(end); err != nil {
		return err
	}
	e.ends(func() error { return e.awaitReader(end) })
	return nil
}

// agrees returns an error if the stream did not end where the sender says.
func (e *egress) agrees(end wire.End) error {
	if end.Legs == uint64(e.ring.Next()) && end.Bytes == e.bytes.Load() {
		return nil
	}
	return stream.Fail(stream.StatusIntegrity, nil, "the stream has %d bytes in %d legs, but the sender says %d in %d",
		e.bytes.Load(), e.ring.Next(), end.Bytes, end.Legs)
}

// consumerGone handles that nobody reads the sink any more; cause is the error of the write that found out, or nil.
func (e *egress) consumerGone(cause error) {
	e.ends(func() error {
		left := e.left()
		if left > 0 || cause != nil || e.sink.Dropped() || !e.hadAll() {
			return e.stoppedEarly(left, cause)
		}
		end := *e.End.Load()
		if err := e.agrees(end); err != nil {
			return err
		}
		return e.endSink(wire.Done{Legs: end.Legs, Bytes: end.Bytes})
	})
}

// hadAll reports whether a consumer that went away with nothing unread has read the whole stream: some recognise its end
// by themselves and do not wait to be told. The answer comes within a moment: the sender says that this was the end, or
// sends more.
func (e *egress) hadAll() bool {
	if !e.keepTurn() || e.bytes.Load() == 0 {
		return false
	}
	if leg := e.legs.Head(); leg != nil && e.partial == int(leg.Length) {
		e.advance(leg) // it was cut through, and the consumer was gone before its link could go on
	}
	late := time.NewTimer(e.cfg.Farewell)
	defer late.Stop()
	for e.partial == 0 && !e.ring.Ready() {
		if e.allWritten() {
			return true
		}
		select {
		case <-e.news:
		case <-e.cfg.Over:
			return false
		case <-late.C:
			return false
		}
	}
	return false
}

// left is how much is left in the consumer's pipe. The news must reach the sender even while another process holds the
// pipe's lock: then the amount is not known, 0.
func (e *egress) left() int {
	told := make(chan int, 1)
	go func() {
		defer stream.Caught("the end of the output", e.cfg.Observer, e.cfg.Fail)
		told <- e.sink.Unread()
	}()
	select {
	case n := <-told:
		return n
	case <-time.After(e.cfg.Farewell):
		return 0
	}
}

// Begin lets legs into the sink.
func (e *egress) Begin() { e.goes(untouched, writing) }

// ends begins the phases after writing, unless they have begun. An error ends the stream.
func (e *egress) ends(how func() error) {
	if !e.goes(untouched, unread) && !e.goes(writing, unread) {
		return
	}
	e.endWatch()
	e.begun.Store(true)
	go func() {
		defer close(e.ended)
		defer stream.Caught("the end of the output", e.cfg.Observer, e.cfg.Fail)
		if err := how(); err != nil {
			e.sinkFailed(err)
		}
	}()
}

// endWatch stops all waiting for the sink. A link that waited goes on and drops what it has for the sink, because words of
// the sender may follow.
func (e *egress) endWatch() {
	for _, w := range e.unwatch() {
		w.SinkTakes(nil)
	}
}

// awaitReader waits until the consumer has read the stream, and ends the sink.
func (e *egress) awaitReader(end wire.End) error {
	left, gone := e.sink.AwaitReader(e.cfg.Over)
	if gone {
		return e.stoppedEarly(left, nil)
	}
	return e.endSink(wire.Done{Legs: end.Legs, Bytes: end.Bytes})
}

// stoppedEarly decides what becomes of a stream whose consumer went away with bytes unread: the user may have allowed that.
func (e *egress) stoppedEarly(left int, cause error) error {
	given := e.bytes.Load()
	if !e.cfg.Early {
		text := "the consumer of standard output is gone"
		if left > 0 {
			text += fmt.Sprintf(", and has left %d bytes of the %d that it was given unread", left, given)
		}
		return stream.Fail(stream.StatusLocalPipe, cause, "%s", text)
	}
	if !e.keepTurn() {
		return nil
	}
	given = e.bytes.Load()
	read := given - min(given, uint64(left))
	stopped := observe.ConsumerStopped{Given: given, Unread: uint64(left)}
	if end := e.End.Load(); end != nil {
		stopped.Whole, stopped.Total = true, end.Bytes
	}
	observe.Tell(e.cfg.Observer, stopped)
	return e.endSink(wire.Done{Legs: e.legsWritten(), Bytes: read, Early: true})
}

// keepTurn takes the delivery turn for good, once a call that another loop is making has returned; false if the stream ends
// first.
func (e *egress) keepTurn() bool {
	if e.kept {
		return true
	}
	for !e.turn.CompareAndSwap(false, true) {
		select {
		case <-e.cfg.Over:
			return false
		case <-time.After(schedule.SealPause):
		}
	}
	e.kept = true
	return true
}

// endSink ends the sink for its consumer and tells the sender so.
func (e *egress) endSink(d wire.Done) error {
	if e.isOver() || !e.goes(unread, closing) {
		return nil // the stream has failed meanwhile
	}
	e.ground.closePlaces()
	e.cut.Store(true)
	if err := e.leave(); err != nil {
		return stream.Fail(stream.StatusLocalPipe, err, "cannot end standard output")
	}
	if err := e.Finish(); err != nil {
		return stream.Fail(stream.StatusLocalPipe, err, "cannot end standard output")
	}
	if e.goes(closing, delivered) {
		e.cfg.Complete(d)
	}
	return nil
}

// isOver reports whether the stream has ended.
func (e *egress) isOver() bool {
	select {
	case <-e.cfg.Over:
		return true
	default:
		return false
	}
}

// settles waits at most so long until the goroutine that ends the sink, if there is one, is done, and reports settled.
func (e *egress) settles(atMost time.Duration) bool {
	if e.begun.Load() {
		stream.AwaitAll(e.ended, 1, atMost)
	}
	return e.settled()
}

// settled reports whether no goroutine is at work on the sink's end. One that does not return is stuck in a call on the
// sink's descriptors, which must then stay open.
func (e *egress) settled() bool {
	select {
	case <-e.ended:
		return true
	default:
		return !e.begun.Load()
	}
}

// sinkFailed ends the stream, because its bytes cannot be delivered.
func (e *egress) sinkFailed(err error) {
	own, ok := errors.AsType[*stream.Error](err)
	if !ok && netio.BrokenPipe(err) {
		e.consumerGone(err)
		return
	}
	if !e.breaks() {
		return
	}
	e.endWatch()
	if !ok {
		own = stream.Fail(stream.StatusLocalPipe, err, "cannot write standard output")
	}
	e.cfg.Fail(own)
}
