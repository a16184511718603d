package ingest

import (
	"io"
	"sync/atomic"
	"time"

	"viamillipede/bufpool"
	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
	"viamillipede/engine/window"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// Intake turns the source into legs. One loop at a time has the turn, so legs are numbered in the order of the bytes; every
// field below it belongs to the holder of the turn, except what is atomic, or not changed after Open, and the Shore.
//
// A leg comes from the source in one of three ways: it is read into a buffer; it is moved into a pipe, without being
// copied (reference.go); or, where the source is a file, it stays there until a link sends it. A leg of a test stream is made
// in a buffer (teststream.go).
type Intake struct {
	turn atomic.Bool

	at    *loop.Loop // the loop that has the turn
	Shore loop.Shore // the source, for calls that may wait

	Source   *netio.Source // from Open to Close; whoever calls it from a loop does so away, at Shore
	name     string        // of the source, for people
	pool     *bufpool.Pool
	offset   atomic.Uint64 // bytes read so far
	bare     atomic.Uint64 // of them: bytes of bare legs
	checksum bool
	gather   bool  // read on until a leg is full or nothing is there
	met      error // how the source ended: io.EOF or its failure; nil before

	extent           // the source is a file
	referral         // the source is a pipe
	bounds           // the user's, on legs
	ahead            // what was read together with the last leg
	screen           // the source is a terminal
	opening          // by the producer
	assent           // the producer's, to the end
	coding   *coding // nil: legs go as they are

	made   func(p []byte, offset uint64) // makes the bytes of a leg, on any loop; nil: they come from the source
	hinted int64                         // how long the user says the stream will be, in bytes; 0: nothing
	blank  bool                          // it writes only enough to make the memory like any other

	why      error // why legs are read rather than sent by reference; nil: no reason
	warm     bool  // the pool has been given huge pages, or refused them
	observer observe.Observer

	over  atomic.Bool // set after the last leg is in the window
	Total wire.End    // of the stream, once it has Ended; not changed after that
}

// FillFrom gives it the buffers that legs are read into, a shard for each loop; before the first Pull.
func (in *Intake) FillFrom(p *bufpool.Pool) { in.pool = p }

// Ended reports whether the stream has been read to its end.
func (in *Intake) Ended() bool { return in.over.Load() }

// Size is how many bytes have been read so far.
func (in *Intake) Size() uint64 { return in.offset.Load() }

// Unsent is how many of them are of bare legs.
func (in *Intake) Unsent() uint64 { return in.bare.Load() }

// warmFrom is how many bytes must have been read into buffers before huge pages are worth asking for.
const warmFrom = 4 << 20

// Hunger is why an idle link got no leg.
type Hunger int

const (
	Fed        Hunger = iota // it got one
	NoInput                  // the source has nothing now: wait for it to become readable
	NoRoom                   // the window or the pool is full: wait for an ack
	OtherTurn                // another loop reads: it wakes us when there is more
	Undecided                // it is not known yet what the receiver has of a file, or the source is not open yet
	Paused                   // the user wants a pause before the next leg
	Coding                   // what was read is being coded
	NoMore                   // the stream has been read to its end
	SourceGone               // the source failed
	Hungers                  // how many reasons there are; whoever asks may have more of its own
)

// Bound is how many bytes of a leg a link takes at most: of one that goes as it is, and of one that is coded, as it is then.
type Bound struct{ Plain, Coded int }

// Pull takes one new leg within the given bound from the source and puts it into the window, with the caller's link as
// its carrier and holder. Its buffer comes from the loop's shard. An error comes with SourceGone. The source may make Pull wait:
// then another thread runs the loop, and much may have happened to it when Pull returns; see loop.Loop.Away.
func (in *Intake) Pull(w *window.Window, at *loop.Loop, most Bound) (*window.Leg, Hunger, error) {
	l, why, err := in.next(w, at, most)
	if l != nil && in.coding == nil {
		in.complete(l)
	}
	return l, why, err
}

// complete does what remains for a leg that has its place in the stream. It needs no turn: other loops do the same at the same
// time. Nobody else looks at the leg before its first link has begun to send it.
func (in *Intake) complete(l *window.Leg) {
	if in.made != nil {
		in.made(l.Memory(), l.Offset)
	}
	if in.checksum && l.Bare == 0 {
		l.Checksum = wire.Checksum(l.Memory())
	}
}

// next is what Pull does in its turn.
func (in *Intake) next(w *window.Window, at *loop.Loop, most Bound) (*window.Leg, Hunger, error) {
	if in.over.Load() {
		return nil, NoMore, nil
	}
	if !in.turn.CompareAndSwap(false, true) {
		return nil, OtherTurn, nil
	}
	defer in.turn.Store(false)
	if in.over.Load() {
		return nil, NoMore, nil
	}
	if !in.usable() {
		return nil, Undecided, nil
	}
	if in.coding != nil {
		return in.nextCoded(w, at, most)
	}
	if !w.Open() {
		return nil, NoRoom, nil
	}
	in.at = at
	l, why, err := in.cut(at.ID, most.Plain, at.Now)
	if l == nil {
		if why == NoMore {
			if err := in.wholly(); err != nil {
				return nil, SourceGone, err
			}
			in.End(w)
		}
		return nil, why, err
	}
	in.bounds.count(at.Now, l.Length)
	l.Offset = in.offset.Load()
	in.offset.Add(uint64(l.Span()))
	if l.Bare > 0 {
		in.bare.Add(uint64(l.Bare))
	}
	w.Add(l, at.Now)
	return l, Fed, nil
}

// cut makes the next leg, not yet numbered.
func (in *Intake) cut(shard, most int, now time.Time) (*window.Leg, Hunger, error) {
	if why := in.bounds.bar(now); why != Fed {
		return nil, why, nil
	}
	most = in.pace().Most(most)
	if in.sized {
		return in.cutFile(shard, most)
	}
	if r, ok := in.ahead.take(); ok {
		return in.copied(r.buf, r.bytes), Fed, nil
	}
	buf := in.blockBuffer(shard)
	if buf == nil {
		return nil, NoRoom, nil
	}
	if in.made != nil {
		return in.copied(buf, most), Fed, nil
	}
	l, why, err := in.cutStream(shard, buf, most)
	if (l == nil || !l.Buffered()) && !in.begins(buf) {
		buf.Release()
	}
	return l, why, err
}

// cutStream makes the next leg of a source that is no file; it may use the buffer.
func (in *Intake) cutStream(shard int, buf *bufpool.Buffer, most int) (*window.Leg, Hunger, error) {
	if in.worthReferring(most) {
		if pipe := in.pipes.Get(); pipe != nil {
			return in.refer(pipe, buf, most)
		}
	}
	if in.gathers() {
		return in.readBlock(buf, most)
	}
	if in.readsAhead(buf, most) {
		return in.readMany(shard, buf, most)
	}
	return in.readLeg(buf, most)
}

// readLeg reads the next leg into the buffer.
func (in *Intake) readLeg(buf *bufpool.Buffer, most int) (*window.Leg, Hunger, error) {
	in.rooms = append(in.rooms[:0], buf.Bytes()[:most])
	n, err := in.fill(in.rooms)
	if n == 0 {
		return in.nothing(err)
	}
	return in.copied(buf, n), Fed, nil
}

// copied makes a leg of the first n bytes of the buffer.
func (in *Intake) copied(buf *bufpool.Buffer, n int) *window.Leg {
	in.readLegs.Add(1)
	in.read += n
	if !in.warm && in.read >= warmFrom {
		in.warm = true
		observe.Tell(in.observer, observe.MemoryWarmed{Pages: in.pool.Warm()})
	}
	return window.InBuffer(buf, n)
}

// fill reads until the rooms, which it uses up, are full, or the source has nothing more at the moment. An end or a failure after n > 0 bytes is kept for
// the next call: a socket, for example, reports its failure only once, and then an end (SO_ERROR, socket(7)).
func (in *Intake) fill(rooms [][]byte) (n int, err error) {
	for len(rooms) > 0 && in.met == nil {
		var m int
		var err error
		in.at.Away(&in.Shore, func() { m, err = in.Source.ReadInto(rooms) })
		if err == netio.ErrAgain {
			return n, err
		}
		in.met = err
		n += m
		rooms = after(rooms, m)
		if !in.gather {
			break
		}
	}
	return n, in.met
}

// after is what is left of the rooms behind the first n bytes.
func after(rooms [][]byte, n int) [][]byte {
	for len(rooms) > 0 && n >= len(rooms[0]) {
		n -= len(rooms[0])
		rooms = rooms[1:]
	}
	if n > 0 {
		rooms[0] = rooms[0][n:]
	}
	return rooms
}

// nothing says what a call that brought nothing means.
func (in *Intake) nothing(err error) (*window.Leg, Hunger, error) {
	switch err {
	case netio.ErrAgain:
		return nil, NoInput, nil
	case io.EOF:
		return nil, NoMore, nil
	}
	return nil, SourceGone, err
}

// wholly returns an error if the file, now read for the last time, has changed since the start.
func (in *Intake) wholly() error {
	if !in.sized || in.InPlace() {
		return nil
	}
	var err error
	in.at.Away(&in.Shore, func() { err = in.unchanged() })
	return err
}

// End notes that the stream has been read to its end.
func (in *Intake) End(w *window.Window) {
	in.Total = wire.End{Legs: w.State().Next, Bytes: in.offset.Load()}
	if in.sized {
		in.at.Away(&in.Shore, func() {
			in.Agreement.Halt() // a look for holes moves the offset
			in.Source.Leave(in.begin + int64(in.offset.Load()))
		})
	}
	in.over.Store(true)
}
