package engine

import (
	"errors"
	"fmt"
	"time"

	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// phase is how far a stream has got with its sink. It only grows. Whoever leaves the path to delivered ends the stream with
// an error, so that every stream ends either delivered or broken.
//
//	           last leg            nothing unread           ended
//	writing ------------> unread -----------------> closing ------> delivered
//	   |                     |                         |
//	   | the sink fails      | its consumer is gone    | close(2), ftruncate(2) fail
//	   +---------------------+-------------------------+----------> broken
//
// The holder of the delivery turn does the writing. What follows may have to wait, for a consumer or for storage, so a
// goroutine does it while links and signals are still served. A consumer that goes away during writing leads to the same
// phases, because the sender must learn what was left unread.
type phase int32

const (
	writing   phase = iota // legs are written as their turn comes
	unread                 // no more is written; the consumer has yet to read some of it, however long that takes
	closing                // the sink is cut to length and closed
	delivered              // the sender is told that all is well
	broken                 // the stream fails with what happened to the sink
)

// in returns the phase.
func (e *egress) in() phase { return phase(e.phase.Load()) }

// goes moves from one phase to another; it reports false if the stream was not in from.
func (e *egress) goes(from, to phase) bool { return e.phase.CompareAndSwap(int32(from), int32(to)) }

// breaks notes that the sink has failed; it reports false if it had failed before, or already has the whole stream.
func (e *egress) breaks() bool {
	for {
		was := e.in()
		if was >= delivered {
			return false
		}
		if e.goes(was, broken) {
			return true
		}
	}
}

// conclude starts ending the sink, once every leg is written; the caller has the delivery turn.
func (r *Receiver) conclude(end wire.End) error {
	if err := r.agrees(end); err != nil {
		return err
	}
	r.ends(func() error { return r.awaitReader(end) })
	return nil
}

// agrees returns an error if the stream did not end where the sender says.
func (r *Receiver) agrees(end wire.End) error {
	if end.Legs == uint64(r.ring.Next()) && end.Bytes == r.out.bytes.Load() {
		return nil
	}
	return fail(StatusIntegrity, nil, "the stream has %d bytes in %d legs, but the sender says %d in %d",
		r.out.bytes.Load(), r.ring.Next(), end.Bytes, end.Legs)
}

// consumerGone handles that nobody reads the sink any more; cause is the error of the write that found out, or nil.
func (r *Receiver) consumerGone(cause error) {
	r.ends(func() error {
		left := r.unread()
		if left > 0 || cause != nil || r.out.sink.Dropped() || !r.hadAll() {
			return r.stoppedEarly(left, cause)
		}
		end := *r.end.Load()
		if err := r.agrees(end); err != nil {
			return err
		}
		return r.endSink(wire.Done{Legs: end.Legs, Bytes: end.Bytes})
	})
}

// hadAll reports whether a consumer that went away with nothing unread has read the whole stream: some recognise its end
// by themselves and do not wait to be told. The answer comes within a moment: the sender says that this was the end, or
// sends more.
func (r *Receiver) hadAll() bool {
	if !r.keepTurn() || r.out.bytes.Load() == 0 {
		return false
	}
	if leg := r.out.legs.Head(); leg != nil && r.out.partial == int(leg.Length) {
		r.out.advance(leg) // it was cut through, and the consumer was gone before its link could go on
	}
	late := time.NewTimer(r.time.Farewell)
	defer late.Stop()
	for r.out.partial == 0 && !r.ring.Ready() {
		if r.written() {
			return true
		}
		select {
		case <-r.out.news:
		case <-r.over:
			return false
		case <-late.C:
			return false
		}
	}
	return false
}

// unread is how much is left in the consumer's pipe. The news must reach the sender even while another process holds the
// pipe's lock: then the amount is not known, 0.
func (r *Receiver) unread() int {
	told := make(chan int, 1)
	go func() {
		defer r.caught("the end of the output")
		told <- r.out.sink.Unread()
	}()
	select {
	case n := <-told:
		return n
	case <-time.After(r.time.Farewell):
		return 0
	}
}

// ends begins the phases after writing, unless they have begun. An error ends the stream.
func (r *Receiver) ends(how func() error) {
	if !r.out.goes(writing, unread) {
		return
	}
	r.unwatch()
	r.out.begun.Store(true)
	go func() {
		defer close(r.out.ended)
		defer r.caught("the end of the output")
		if err := how(); err != nil {
			r.sinkFailed(err)
		}
	}()
}

// unwatch stops all waiting for the sink. A link that waited goes on and drops what it has for the sink, because words of
// the sender may follow.
func (r *Receiver) unwatch() {
	for _, k := range r.out.unwatch() {
		r.reach(k, nil, func() { k.Ready(sinkTakes) })
	}
}

// awaitReader waits until the consumer has read the stream, and ends the sink.
func (r *Receiver) awaitReader(end wire.End) error {
	left, gone := r.out.sink.AwaitReader(r.over)
	if gone {
		return r.stoppedEarly(left, nil)
	}
	return r.endSink(wire.Done{Legs: end.Legs, Bytes: end.Bytes})
}

// stoppedEarly decides what becomes of a stream whose consumer went away with bytes unread: the user may have allowed that.
func (r *Receiver) stoppedEarly(left int, cause error) error {
	given := r.out.bytes.Load()
	if !r.cfg.Early {
		text := "the consumer of standard output is gone"
		if left > 0 {
			text += fmt.Sprintf(", and has left %d bytes of the %d that it was given unread", left, given)
		}
		return fail(StatusLocalPipe, cause, "%s", text)
	}
	if !r.keepTurn() {
		return nil
	}
	given = r.out.bytes.Load()
	read := given - min(given, uint64(left))
	stopped := observe.ConsumerStopped{Given: given, Unread: uint64(left)}
	if end := r.end.Load(); end != nil {
		stopped.Whole, stopped.Total = true, end.Bytes
	}
	observe.Tell(r.observer, stopped)
	return r.endSink(wire.Done{Legs: r.legsWritten(), Bytes: read, Early: true})
}

// keepTurn takes the delivery turn for good, once a call that another loop is making has returned; false if the stream ends
// first.
func (r *Receiver) keepTurn() bool {
	if r.out.kept {
		return true
	}
	for !r.out.turn.CompareAndSwap(false, true) {
		select {
		case <-r.over:
			return false
		case <-time.After(schedule.SealPause):
		}
	}
	r.out.kept = true
	return true
}

// legsWritten is how many legs are in the sink, 0 before there is a sender.
func (r *Receiver) legsWritten() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ring == nil {
		return 0
	}
	return uint64(r.ring.Next())
}

// endSink ends the sink for its consumer and tells the sender so.
func (r *Receiver) endSink(d wire.Done) error {
	if r.isOver() || !r.out.goes(unread, closing) {
		return nil // the stream has failed meanwhile
	}
	r.out.closePlaces()
	r.out.cut.Store(true)
	if err := r.out.leave(); err != nil {
		return fail(StatusLocalPipe, err, "cannot end standard output")
	}
	if err := r.out.finish(); err != nil {
		return fail(StatusLocalPipe, err, "cannot end standard output")
	}
	if r.out.goes(closing, delivered) {
		r.complete(d)
	}
	return nil
}

// isOver reports whether the stream has ended.
func (r *Receiver) isOver() bool {
	select {
	case <-r.over:
		return true
	default:
		return false
	}
}

// settles waits at most so long until the goroutine that ends the sink, if there is one, is done, and reports settled.
func (e *egress) settles(atMost time.Duration) bool {
	if e.begun.Load() {
		awaitAll(e.ended, 1, atMost)
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
func (r *Receiver) sinkFailed(err error) {
	own, ok := errors.AsType[*Error](err)
	if !ok && netio.BrokenPipe(err) {
		r.consumerGone(err)
		return
	}
	if !r.out.breaks() {
		return
	}
	r.unwatch()
	if !ok {
		own = fail(StatusLocalPipe, err, "cannot write standard output")
	}
	r.fail(own)
}

// peerFinished handles the sender's word that it is done. It says so once it has heard that all is delivered. A sender that
// says it before all is here will send no more, so there is nothing to wait for.
func (r *Receiver) peerFinished() {
	switch {
	case !r.tenure.owns(): // there is no stream yet
	case r.done.Load() == nil && !r.whole():
		r.fail(fail(StatusLost, nil, "the sender ended the stream without sending all of it"))
	default:
		r.bye.Store(true)
		r.look()
	}
}

// peerFailed handles the sender's reason for failing. Once all is delivered it no longer matters, since the sender has
// nothing more to ask for. While the stream is not yet the receiver's own, only the link ends, with the error returned.
func (r *Receiver) peerFailed(on *Link, f wire.Fault) error {
	switch {
	case r.done.Load() != nil:
		r.bye.Store(true)
		r.look()
	case r.quits(f, on.name):
		on.told, on.answered = true, true
		return errQuit
	default:
		r.told.Store(true)
		r.fail(remoteError("sender", f))
	}
	return nil
}
