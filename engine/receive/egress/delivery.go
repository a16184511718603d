package egress

import (
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/engine/internal/chore"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
	"viamillipede/engine/parties"
	"viamillipede/engine/ring"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// Delivery writes the legs to the sink in order. One loop at a time has the turn; every field below it belongs to the holder,
// unless the field says otherwise.
type Delivery struct {
	turn  atomic.Bool
	phase atomic.Int32 // how far the stream is with the sink; see phase
	outlet
	routing
	ground ground // for routePlace

	cfg    Config
	finish func() error             // the sink's Finish, unless a test makes it fail
	End    atomic.Pointer[wire.End] // what the sender said about the whole stream; nil: nothing yet. Any loop
	shore  loop.Shore               // the sink, for calls that may wait

	at      *loop.Loop         // the loop that has the turn
	ring    *ring.Ring[Leg]    // may be inspected by anybody; nil before the first sender
	legs    ring.Consumer[Leg] // its consumer's end
	most    uint32             // of a leg, in bytes; changes only with the ring
	bytes   atomic.Uint64      // written to the sink, in order
	bare    atomic.Uint64      // of them: bytes of bare legs
	partial int                // of these, bytes of the head leg
	lag     int                // bytes of zeros written in this turn

	undone atomic.Bool // the head leg has to be decoded; see decoded.go. Any goroutine

	sizing  sync.Mutex
	sized   bool          // the consumer knows the size of the sender's terminal; guarded by sizing, as is version
	version uint32        // of what it knows
	exit    atomic.Uint32 // of the sender's program

	opener parties.Opener             // the consumer, if it has to open the sink; else nil
	title  atomic.Pointer[wire.Title] // what the sender's user calls the stream; nil: nothing. Any loop
	intro  chore.Chore                // the consumer is told whose stream it will get
	begun  atomic.Bool                // a goroutine is ending the sink
	ended  chan struct{}              // closed when it has
	kept   bool                       // that goroutine has the turn, for good
	news   chan struct{}              // tells that goroutine that something came in
	cut    atomic.Bool                // a file was made to end with what was delivered, or that was tried; any goroutine
}

// Config is what a Delivery has to know, and whom it has to tell. It does not change.
type Config struct {
	Name     string              // of the sink, for people
	Own      bool                // stream.SinkFile, as is Whole
	Whole    func(uint64) error  //
	Consumer parties.Consumer    // nil: nobody is asked
	Copies   error               // why every leg is to be copied; nil: it need not be
	Early    bool                // a consumer that stops reading is no failure
	Farewell time.Duration       // how long the end of the run waits for the sink; Timing.Farewell
	Over     <-chan struct{}     // closed when the stream has ended
	Observer observe.Observer    // hears what becomes of the sink
	Fail     func(*stream.Error) // the stream fails: its bytes cannot be delivered
	Complete func(wire.Done)     // the sink has been ended: the sender may be told
	Resume   func()              // some loop is to call Deliver soon
	Lapses   func() func()       // loop.Shore.Lapses
}

// Open prepares for a stream into that sink, for which it may make so many pipes. The sink is the Delivery's from then on. It is called
// first, and once.
func (d *Delivery) Open(sink *netio.Sink, pipes int, c Config) {
	d.cfg = c
	d.finish, d.ended, d.news = sink.Finish, make(chan struct{}), make(chan struct{}, 1)
	d.shore.Freed, d.shore.Lapses = d.freed, c.Lapses
	d.ground.sink, d.ground.shore, d.ground.observer = sink, &d.shore, c.Observer
	d.ground.begin, _ = sink.Place() // as far as is known now
	d.ground.found.Store(c.Own)
	d.choose(sink, pipes, c)
	d.opener, _ = c.Consumer.(parties.Opener)
}

// WatchAt makes a loop tell w about the sink, unless that makes nobody wait. There is nothing to tell before the sink is open.
func (d *Delivery) WatchAt(l *loop.Loop, w loop.Watcher) error {
	if !d.sink.Pollable() {
		return nil
	}
	err := d.watch(l, d.sink.FD(), w)
	if err == nil && d.opener != nil {
		l.Mute(d.sink.FD())
	}
	return err
}

// Close closes the sink, at once or when no call of ours is at work on it any more, and the pipes. No loop may run.
func (d *Delivery) Close() {
	d.intro.Join(d.cfg.Farewell)
	if d.settled() {
		d.sink.Close()
	} else { // somebody is still in a call on one of its descriptors
		go func() {
			<-d.ended
			d.sink.Close()
		}()
	}
	if d.pipes != nil {
		d.pipes.Close()
	}
}

// Attach makes it write what comes through a ring, whose legs have at most so many bytes. Nothing may have been written.
func (d *Delivery) Attach(r *ring.Ring[Leg], legs ring.Consumer[Leg], most uint32) {
	d.ring, d.legs, d.most = r, legs, most
}

// Announce says how long the stream will be, if its sender knows; 0: it does not. When it may be called is as for Attach.
func (d *Delivery) Announce(bytes int64) {
	d.ground.size = bytes
	d.title.Store(nil)
	d.exit.Store(0)
	d.sizing.Lock()
	d.sized = false
	d.sizing.Unlock()
}

// Written is how many bytes of the stream are in the sink, in order. Any goroutine may call it.
func (d *Delivery) Written() uint64 { return d.bytes.Load() }

// Unsent is how many of them the sender did not send: holes, and what was there.
func (d *Delivery) Unsent() uint64 { return d.bare.Load() }

// TakeTurn gives a loop the turn, unless somebody has it.
func (d *Delivery) TakeTurn(at *loop.Loop) bool {
	if !d.turn.CompareAndSwap(false, true) {
		return false
	}
	d.at = at
	return true
}

// LeaveTurn ends the turn. Whoever came meanwhile did not wait: the caller looks whether there is more to deliver.
func (d *Delivery) LeaveTurn() { d.turn.Store(false) }

// Deliver writes what is in order, unless another loop is doing so: that one looks again after giving the turn back. again says
// that the caller has to return, and to call once more in a round of its own (loop.Loop.Aboard).
func (d *Delivery) Deliver(at *loop.Loop) (again bool) {
	if d.in() == unread {
		d.stir()
	}
	for d.deliverable() && !d.blocked.Load() && !d.shore.Busy() {
		if !d.TakeTurn(at) {
			return false
		}
		err := d.drain()
		more := d.overlong()
		d.LeaveTurn()
		if err != nil {
			d.sinkFailed(err)
			return false
		}
		if at.Aboard() || more {
			return true
		}
	}
	return false
}

// stir wakes the goroutine that ends the sink.
func (d *Delivery) stir() {
	select {
	case d.news <- struct{}{}:
	default:
	}
}

// deliverable reports whether there is something for the holder of the delivery turn to do.
func (d *Delivery) deliverable() bool {
	if d.in() != writing {
		return false
	}
	return d.ring.Ready() && !d.undone.Load() || d.AllWritten()
}

// AllWritten reports whether every leg of the stream is in the sink. Any goroutine may call it, once there is a ring.
func (d *Delivery) AllWritten() bool {
	end := d.End.Load()
	return end != nil && uint64(d.ring.Next()) >= end.Legs
}

// drain writes legs until the sink is full or the next leg is missing. After the last leg it starts ending the sink. The caller has
// the turn.
func (d *Delivery) drain() error {
	if d.in() != writing {
		return nil
	}
	for leg := d.legs.Head(); leg != nil && !d.AllWritten(); leg = d.legs.Head() {
		if !d.ready(leg) {
			return nil
		}
		if err := d.inPlace(leg); err != nil {
			return err
		}
		full, err := d.write(leg)
		if err != nil {
			return err
		}
		switch {
		case full:
			_, err := d.block(nil)
			return err
		case d.partial < int(leg.Length):
			return nil // there are more zeros than a turn may take
		}
		d.advance(leg)
		if d.at.Aboard() {
			return nil
		}
	}
	if !d.AllWritten() {
		return nil
	}
	return d.conclude(*d.End.Load())
}

// advance goes on to the next leg, because the whole of the head leg is in the sink.
func (d *Delivery) advance(leg *Leg) {
	d.legs.Advance()
	d.count(leg)
	d.partial = 0
	if leg.Bare() {
		d.bare.Add(uint64(leg.Length))
	}
	leg.Release()
}

// inPlace returns an error for a head leg that does not continue the bytes before it.
func (d *Delivery) inPlace(l *Leg) error {
	at := d.bytes.Load() - uint64(d.partial)
	if l.Offset == at {
		return nil
	}
	return stream.Fail(stream.StatusIntegrity, nil, "leg %d begins at byte %d, but %d bytes came before it", l.Number, l.Offset, at)
}

// write writes what the sink lacks of the head leg; full says that the sink takes no more now.
func (d *Delivery) write(l *Leg) (full bool, err error) {
	for d.partial < int(l.Length) && d.lag < zerosMost {
		n, err := d.put(l)
		if err == netio.ErrAgain {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		d.wrote(n)
	}
	return false, nil
}

// put writes what it can of the rest of a leg.
func (d *Delivery) put(l *Leg) (n int, err error) {
	switch rest := int(l.Length) - d.partial; {
	case l.Placed, l.Form == wire.Kept:
		return rest, nil
	case l.Form == wire.Hole:
		return d.hollow(rest)
	case d.route == routePlace:
		d.at.Away(&d.shore, func() {
			n, err = d.sink.WriteAt(l.Bytes()[d.partial:], d.ground.spot()+int64(d.bytes.Load()))
		})
	default:
		d.at.Away(&d.shore, func() { n, err = d.sink.Write(l.Bytes()[d.partial:]) })
	}
	return n, err
}

func (d *Delivery) wrote(n int) {
	d.partial += n
	d.ground.reached(int64(d.bytes.Add(uint64(n))))
}
