package engine

import (
	"sync/atomic"
	"time"

	"viamillipede/engine/internal/stream"
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
	routing
	ground ground // for routePlace

	cfg    egressConfig
	Finish func() error             // the sink's Finish, unless a test makes it fail
	End    atomic.Pointer[wire.End] // what the sender said about the whole stream; nil: nothing yet. Any loop
	shore  loop.Shore               // the sink, for calls that may wait

	at      *loop.Loop           // the loop that has the turn
	ring    *ring.Ring[rxleg]    // may be inspected by anybody; nil before the first sender
	legs    ring.Consumer[rxleg] // its consumer's end
	most    uint32               // of a leg, in bytes; changes only with the ring
	bytes   atomic.Uint64        // written to the sink, in order
	partial int                  // of these, bytes of the head leg

	begun atomic.Bool   // a goroutine is ending the sink
	ended chan struct{} // closed when it has
	kept  bool          // that goroutine has the turn, for good
	news  chan struct{} // tells that goroutine that something came in
	cut   atomic.Bool   // a file was made to end with what was delivered, or that was tried; any goroutine
}

// egressConfig is what an egress has to know, and whom it has to tell. It does not change.
type egressConfig struct {
	Copies   error               // why every leg is to be copied; nil: it need not be
	Early    bool                // a consumer that stops reading is no failure
	Farewell time.Duration       // how long the end of the run waits for the sink; Timing.Farewell
	Over     <-chan struct{}     // closed when the stream has ended
	Observer observe.Observer    // hears what becomes of the sink
	Fail     func(*stream.Error) // the stream fails: its bytes cannot be delivered
	Complete func(wire.Done)     // the sink has been ended: the sender may be told
	Resume   func()              // some loop is to call deliver soon
	Lapses   func() func()       // loop.Shore.Lapses
}

// Open prepares for a stream into that sink, for which it may make so many pipes.
func (e *egress) Open(sink *netio.Sink, pipes int, c egressConfig) {
	e.cfg = c
	e.Finish, e.ended, e.news = sink.Finish, make(chan struct{}), make(chan struct{}, 1)
	e.shore.Freed, e.shore.Lapses = e.freed, c.Lapses
	e.ground.sink, e.ground.shore, e.ground.observer = sink, &e.shore, c.Observer
	e.ground.begin, _ = sink.Place() // as far as is known now
	e.choose(sink, c.Copies, pipes)
}

// WatchAt makes a loop tell w about the sink, unless that makes nobody wait.
func (e *egress) WatchAt(l *loop.Loop, w loop.Watcher) error {
	if !e.sink.Pollable() {
		return nil
	}
	return e.watch(l, e.sink.FD(), w)
}

func (e *egress) Close() {
	if e.settled() {
		e.sink.Close()
	} else { // somebody is still in a call on one of its descriptors
		go func() {
			<-e.ended
			e.sink.Close()
		}()
	}
	if e.pipes != nil {
		e.pipes.Close()
	}
}

// Attach has egress write what comes through a ring, whose legs have at most so many bytes. Nothing may have been written.
func (e *egress) Attach(r *ring.Ring[rxleg], legs ring.Consumer[rxleg], most uint32) {
	e.ring, e.legs, e.most = r, legs, most
}

// Announce says how long the stream will be, if its sender knows; 0: it does not. The limits of attach hold.
func (e *egress) Announce(bytes int64) { e.ground.size = bytes }

// Written is how many bytes of the stream are in the sink, in order. Any goroutine may call it.
func (e *egress) Written() uint64 { return e.bytes.Load() }

// TakeTurn gives a loop the turn, unless somebody has it.
func (e *egress) TakeTurn(at *loop.Loop) bool {
	if !e.turn.CompareAndSwap(false, true) {
		return false
	}
	e.at = at
	return true
}

// LeaveTurn ends the turn. Whoever came meanwhile did not wait: the caller looks whether there is more to deliver.
func (e *egress) LeaveTurn() { e.turn.Store(false) }

// Deliver writes what is in order, unless another loop is doing so: that one looks again after giving the turn back. again says
// that the caller has to return, and to call once more in a round of its own (loop.Loop.Aboard).
func (e *egress) Deliver(at *loop.Loop) (again bool) {
	if e.Phase() == unread {
		e.stir()
	}
	for e.deliverable() && !e.blocked.Load() && !e.shore.Busy() {
		if !e.TakeTurn(at) {
			return false
		}
		err := e.drain()
		e.LeaveTurn()
		if err != nil {
			e.sinkFailed(err)
			return false
		}
		if at.Aboard() {
			return true
		}
	}
	return false
}

// stir wakes the goroutine that ends the sink.
func (e *egress) stir() {
	select {
	case e.news <- struct{}{}:
	default:
	}
}

// deliverable reports whether there is something for the holder of the delivery turn to do.
func (e *egress) deliverable() bool {
	if e.Phase() != writing {
		return false
	}
	return e.ring.Ready() || e.allWritten()
}

// allWritten reports whether every leg of the stream is in the sink.
func (e *egress) allWritten() bool {
	end := e.End.Load()
	return end != nil && uint64(e.ring.Next()) >= end.Legs
}

// drain writes legs until the sink is full or the next leg is missing. After the last leg it starts ending the sink. The caller has
// the turn.
func (e *egress) drain() error {
	if e.Phase() != writing {
		return nil
	}
	for leg := e.legs.Head(); leg != nil && !e.allWritten(); leg = e.legs.Head() {
		if err := e.inPlace(leg); err != nil {
			return err
		}
		full, err := e.write(leg)
		if err != nil {
			return err
		}
		if full {
			_, err := e.block(nil)
			return err
		}
		e.advance(leg)
		if e.at.Aboard() {
			return nil
		}
	}
	if !e.allWritten() {
		return nil
	}
	return e.conclude(*e.End.Load())
}

// advance goes on to the next leg, because the whole of the head leg is in the sink.
func (e *egress) advance(leg *rxleg) {
	e.legs.Advance()
	e.count(leg)
	e.partial = 0
	leg.Release()
}

// inPlace returns an error for a head leg that does not continue the bytes before it.
func (e *egress) inPlace(l *rxleg) error {
	at := e.bytes.Load() - uint64(e.partial)
	if l.Offset == at {
		return nil
	}
	return stream.Fail(stream.StatusIntegrity, nil, "leg %d begins at byte %d, but %d bytes came before it", l.Number, l.Offset, at)
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
	case l.Placed:
		return rest, nil
	case e.route == routePlace:
		e.at.Away(&e.shore, func() {
			n, err = e.sink.WriteAt(l.Bytes()[e.partial:], e.ground.spot()+int64(e.bytes.Load()))
		})
	default:
		e.at.Away(&e.shore, func() { n, err = e.sink.Write(l.Bytes()[e.partial:]) })
	}
	return n, err
}

func (e *egress) wrote(n int) {
	e.partial += n
	e.ground.reached(int64(e.bytes.Add(uint64(n))))
}
