package engine

import (
	"sync/atomic"

	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
	"viamillipede/engine/ring"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// egress writes the legs to the sink in order. One loop at a time has the turn; every field below it belongs to the holder,
// unless the field says otherwise.
type egress struct {
	turn  atomic.Bool
	phase atomic.Int32 // how far the stream is with the sink; see phase
	outlet
	ground // for routePlace

	at      *loop.Loop // the loop that has the turn
	legs    ring.Consumer[rxleg]
	shore   loop.Shore // the sink, for calls that may wait
	stalled stalled

	sink     *netio.Sink
	observer observe.Observer
	route    route
	why      error         // the reason, if the route is routeBuffers
	pipes    *netio.Pipes  // one for each loop, as far as they go; nil where the route needs none
	size     int64         // of the stream, as its sender says; 0: not known
	reserved atomic.Int64  // of these, bytes that room has been set aside for; any loop
	bytes    atomic.Uint64 // written to the sink, in order
	partial  int           // of these, bytes of the head leg

	refLegs atomic.Int64 // legs that went by reference, and legs that were copied: for the user
	copied  atomic.Int64

	cutting

	finish func() error // the sink's Finish, unless a test makes it fail

	begun atomic.Bool   // a goroutine is ending the sink
	ended chan struct{} // closed when it has
	kept  bool          // that goroutine has the turn, for good
	news  chan struct{} // tells that goroutine that something came in
}

// deliver writes what is in order, unless another loop is doing so: that one looks again after giving the turn back.
func (l *rxloop) deliver() {
	defer l.turnCame()
	e := &l.r.out
	if e.in() == unread {
		e.tell()
	}
	for l.r.deliverable() && !e.blocked.Load() && !e.shore.Busy() {
		if !e.turn.CompareAndSwap(false, true) {
			return
		}
		err := l.r.drain(l)
		e.turn.Store(false)
		if err != nil {
			l.r.sinkFailed(err)
			return
		}
		if l.Aboard() {
			l.Post(l.deliver)
			return
		}
	}
}

// tell wakes the goroutine that ends the sink.
func (e *egress) tell() {
	select {
	case e.news <- struct{}{}:
	default:
	}
}

// deliverable reports whether there is something for the holder of the delivery turn to do.
func (r *Receiver) deliverable() bool {
	if r.out.in() != writing {
		return false
	}
	return r.ring.Ready() || r.written()
}

// written reports whether every leg of the stream is in the sink.
func (r *Receiver) written() bool {
	end := r.end.Load()
	return end != nil && uint64(r.ring.Next()) >= end.Legs
}

// drain writes legs until the sink is full or the next leg is missing. After the last leg it starts ending the sink.
func (r *Receiver) drain(l *rxloop) error {
	r.out.at = l.Loop
	if r.out.in() != writing {
		return nil
	}
	for leg := r.out.legs.Head(); leg != nil && !r.written(); leg = r.out.legs.Head() {
		if err := r.out.inPlace(leg); err != nil {
			return err
		}
		full, err := r.out.write(leg)
		if err != nil {
			return err
		}
		if full {
			_, err := r.out.block(nil)
			return err
		}
		r.out.advance(leg)
		if l.Aboard() {
			return nil
		}
	}
	if !r.written() {
		return nil
	}
	return r.conclude(*r.end.Load())
}

// advance goes on to the next leg, because the whole of the head leg is in the sink.
func (e *egress) advance(leg *rxleg) {
	e.legs.Advance()
	e.count(leg)
	e.partial = 0
	leg.release()
}

// count notes how a leg came to the sink: by reference or from a buffer.
func (e *egress) count(l *rxleg) {
	if l.buf == nil {
		e.refLegs.Add(1)
		return
	}
	e.copied.Add(1)
}

// inPlace returns an error for a head leg that does not continue the bytes before it.
func (e *egress) inPlace(l *rxleg) error {
	at := e.bytes.Load() - uint64(e.partial)
	if l.Offset == at {
		return nil
	}
	return fail(StatusIntegrity, nil, "leg %d begins at byte %d, but %d bytes came before it", l.Number, l.Offset, at)
}

// write writes what the sink lacks of the head leg; full says that the sink takes no more now.
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
func (e *egress) put(l *rxleg) (n int, err error) {
	switch rest := int(l.Length) - e.partial; {
	case l.placed:
		return rest, nil
	case e.route == routePlace:
		e.at.Away(&e.shore, func() {
			n, err = e.sink.WriteAt(l.bytes()[e.partial:], e.spot()+int64(e.bytes.Load()))
		})
	default:
		e.at.Away(&e.shore, func() { n, err = e.sink.Write(l.bytes()[e.partial:]) })
	}
	return n, err
}

func (e *egress) wrote(n int) {
	e.partial += n
	e.reached(int64(e.bytes.Add(uint64(n))))
}

// Ready handles the sink's readiness, or its consumer's death. While nothing waits, only the latter is watched for.
func (l *rxloop) Ready(events uint32) {
	r := l.r
	if events&(netio.Failed|netio.HungUp) != 0 {
		r.consumerGone(nil)
		return
	}
	waiters, was, err := r.out.unblock()
	if err != nil {
		r.sinkFailed(fail(StatusLocalPipe, err, "cannot wait for standard output"))
	}
	if !was {
		return
	}
	before := r.ring.Next()
	for _, k := range waiters {
		r.reach(k, l, func() { k.Ready(sinkTakes) })
	}
	l.deliver()
	if r.ring.Next() != before {
		l.tellCredit()
	}
}

// ending handles the sender's word on how long the stream is.
func (r *Receiver) ending(e wire.End, l *rxloop) error {
	if e.Bytes < e.Legs || e.Legs == 0 && e.Bytes > 0 { // no leg is empty
		return r.spoils(fail(StatusIntegrity, nil, "the sender says the stream has %d bytes in %d legs", e.Bytes, e.Legs))
	}
	if old := r.end.Load(); old != nil && *old != e {
		return r.spoils(fail(StatusIntegrity, nil, "the sender says the stream has %d bytes, and said %d before", e.Bytes, old.Bytes))
	}
	if e.Legs == 0 {
		r.own()
	}
	r.end.Store(&e)
	l.deliver()
	return nil
}
