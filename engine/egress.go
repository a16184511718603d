package engine

import (
	"sync"
	"sync/atomic"

	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// egress writes the legs to the sink in order. One loop at a time has the turn; every field below it belongs to whoever
// has it, except where the field says otherwise.
type egress struct {
	turn    atomic.Bool
	blocked atomic.Bool // the sink takes nothing now: the loop that watches it goes on

	mu      sync.Mutex
	waiters []*rxlink // their legs go on when the sink takes more; guarded by mu

	sink     *netio.Sink
	route    route
	why      error         // it is routeBuffers
	pipes    *netio.Pipes  // one for each loop as far as there are as many, unless the route needs none
	begin    int64         // of the stream in the sink, for routePlace
	size     int64         // of the stream, as its sender says; 0 is not known
	reserved atomic.Int64  // of these, bytes that room is set aside for; any loop
	bytes    atomic.Uint64 // written to the sink, in order
	partial  int           // of these, bytes of the head leg

	refLegs atomic.Int64 // legs that went by reference, and legs that were copied: for the user
	copied  atomic.Int64

	cutting

	complete atomic.Bool // the sink has all of the stream; set by whoever has the turn
}

// await has the link told when the sink takes more.
func (e *egress) await(k *rxlink) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.waiters = append(e.waiters, k)
}

// awaited gives the links that wait, once.
func (e *egress) awaited() []*rxlink {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := e.waiters
	e.waiters = nil
	return all
}

// deliver writes what is in order, unless another loop is at it: that one looks again after it gave the turn back.
func (l *rxloop) deliver() {
	defer l.turnCame()
	e := &l.r.out
	for l.r.deliverable() && !e.blocked.Load() {
		if !e.turn.CompareAndSwap(false, true) {
			return
		}
		err := l.r.drain()
		e.turn.Store(false)
		if err != nil {
			l.r.sinkFailed(err)
			return
		}
	}
}

// deliverable reports whether there is something for the holder of the delivery turn to do.
func (r *Receiver) deliverable() bool {
	if r.ring.Ready() {
		return true
	}
	end := r.end.Load()
	return end != nil && r.done.Load() == nil && uint64(r.ring.Next()) >= end.Legs
}

// drain writes legs until the sink is full or the next leg is missing. With the last leg it completes the stream.
func (r *Receiver) drain() error {
	for leg := r.ring.Head(); leg != nil; leg = r.ring.Head() {
		if err := r.out.inPlace(leg); err != nil {
			return err
		}
		if full, err := r.out.write(leg); full || err != nil {
			return r.awaitSink(err)
		}
		r.ring.Advance()
		r.out.count(leg)
		r.out.partial = 0
		leg.release()
	}
	end := r.end.Load()
	if end == nil || r.out.complete.Load() || uint64(r.ring.Next()) < end.Legs {
		return nil
	}
	return r.concludes(*end)
}

// count notes how a leg came to the sink.
func (e *egress) count(l *rxleg) {
	if l.buf == nil {
		e.refLegs.Add(1)
		return
	}
	e.copied.Add(1)
}

// inPlace reports a head leg that does not continue the bytes before it.
func (e *egress) inPlace(l *rxleg) error {
	at := e.bytes.Load() - uint64(e.partial)
	if l.Offset == at {
		return nil
	}
	return fail(StatusIntegrity, nil, "leg %d begins at byte %d, but %d bytes came before it", l.Number, l.Offset, at)
}

// write writes what the sink does not have of the head leg; full says that it takes no more now.
func (e *egress) write(l *rxleg) (full bool, err error) {
	for e.partial < int(l.Length) {
		n, err := e.put(l)
		if err == netio.ErrAgain {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		e.wrote(n)
	}
	return false, nil
}

// put writes what it can of the rest of a leg.
func (e *egress) put(l *rxleg) (int, error) {
	switch rest := int(l.Length) - e.partial; {
	case l.placed:
		return rest, nil
	case e.route == routePlace:
		return e.sink.WriteAt(l.bytes()[e.partial:], e.begin+int64(e.bytes.Load()))
	}
	return e.sink.Write(l.bytes()[e.partial:])
}

func (e *egress) wrote(n int) {
	e.partial += n
	e.bytes.Add(uint64(n))
}

// concludes ends the sink, when every leg is written.
func (r *Receiver) concludes(end wire.End) error {
	if end.Legs != uint64(r.ring.Next()) || end.Bytes != r.out.bytes.Load() {
		return fail(StatusIntegrity, nil, "the stream has %d bytes in %d legs, but the sender says %d in %d",
			r.out.bytes.Load(), r.ring.Next(), end.Bytes, end.Legs)
	}
	r.out.complete.Store(true) // before the watch ends, which a loop may be about to change
	if r.out.sink.Pollable() {
		l := r.loops[0]
		_ = l.poll.Remove(r.out.sink.FD())
	}
	if err := r.out.leave(); err != nil {
		return err
	}
	if err := r.out.sink.Finish(); err != nil {
		return err
	}
	r.complete(wire.Done{Legs: end.Legs, Bytes: end.Bytes})
	return nil
}

// awaitSink has the watching loop told when the sink can take more, unless writing to it failed.
func (r *Receiver) awaitSink(err error) error {
	if err != nil {
		return err
	}
	r.out.blocked.Store(true)
	l := r.loops[0]
	return l.poll.Modify(r.out.sink.FD(), netio.Writable, l.token)
}

// ready is the sink's readiness, or the consumer's death. Only the latter is watched for while nothing waits.
func (l *rxloop) ready(events uint32) {
	r := l.r
	if r.out.complete.Load() {
		return
	}
	if events&(netio.Failed|netio.HungUp) != 0 {
		_ = l.poll.Remove(r.out.sink.FD())
		r.fail(fail(StatusLocalPipe, nil, "the consumer of standard output is gone"))
		return
	}
	if !r.out.blocked.Load() {
		return
	}
	if err := l.poll.Modify(r.out.sink.FD(), 0, l.token); err != nil {
		if r.out.complete.Load() {
			return
		}
		r.fail(fail(StatusLocalPipe, err, "cannot wait for standard output"))
		return
	}
	r.out.blocked.Store(false)
	before := r.ring.Next()
	for _, k := range r.out.awaited() {
		r.reach(k, l, func() { k.ready(sinkTakes) })
	}
	l.deliver()
	if r.ring.Next() != before {
		l.tellCredit()
	}
}

// ending takes in the sender's word on how long the stream is.
func (r *Receiver) ending(e wire.End, l *rxloop) error {
	if old := r.end.Load(); old != nil && *old != e {
		r.fail(fail(StatusIntegrity, nil, "the sender says the stream has %d bytes, and said %d before", e.Bytes, old.Bytes))
		return nil
	}
	r.end.Store(&e)
	l.deliver()
	return nil
}

// sinkFailed ends the stream, since its bytes cannot be delivered.
func (r *Receiver) sinkFailed(err error) {
	if e, ok := err.(*Error); ok {
		r.fail(e)
		return
	}
	if netio.BrokenPipe(err) {
		r.fail(fail(StatusLocalPipe, err, "the consumer of standard output is gone"))
		return
	}
	r.fail(fail(StatusLocalPipe, err, "cannot write standard output"))
}
