package engine

import (
	"errors"
	"sync"
	"sync/atomic"

	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
)

// ground is the part of a file, the sink, in which each leg has its place. Others may write to the same file. Lines that were
// there before the first leg stay before it. Lines that come through the same open file, and move its offset, go behind the
// stream if its length is known. At the end, no more is cut off than was written or reserved here.
//
//	file:  lines of others | leg 0 | leg 1 |   | leg 3 |       | lines of others
//	                       begin                       reach   begin + size, which is the offset meanwhile
type ground struct {
	mu     sync.Mutex
	found  atomic.Bool
	begin  int64        // of the stream in the file; changed under mu until it is found
	offset int64        // where the open file's offset was left; likewise
	known  bool         // the offset is behind the stream; likewise
	reach  atomic.Int64 // where the last byte of the stream that was written ends, in the stream
}

// errMixed is why a stream in a file of unknown length fails.
var errMixed = errors.New("another program has written to the same open file, where the stream belongs; with >> there is room for both")

// spot returns the place of the stream's first byte. It is decided at the first call.
func (e *egress) spot() int64 {
	if !e.found.Load() {
		e.findSpot()
	}
	return e.begin
}

func (e *egress) findSpot() {
	e.ground.mu.Lock()
	defer e.ground.mu.Unlock()
	if e.found.Load() {
		return
	}
	if begin, ok := e.sink.Tail(); ok {
		e.begin = begin
	}
	e.offset = e.begin
	if e.size > 0 {
		e.known = e.sink.SeekTo(e.begin+e.size) == nil
	}
	if e.known {
		e.offset += e.size
	}
	e.found.Store(true)
}

// reached notes that the stream is written up to that byte, with or without gaps before it.
func (e *egress) reached(end int64) {
	for {
		was := e.reach.Load()
		if end <= was || e.reach.CompareAndSwap(was, end) {
			return
		}
	}
}

// reserveStep is how much room is reserved at a time, in bytes, ahead of legs that have come: what a sender claims about its
// stream is no reason to fill a disk.
const reserveStep = 64 << 20

// reserve reserves room in a file for a stream of known size, once a leg that ends at the given byte of it is on its way.
func (e *egress) reserve(upTo int64, at *loop.Loop) {
	if e.shore.Busy() {
		return
	}
	if have := e.reserved.Load(); upTo > have && upTo <= e.size {
		n := min(reserveStep, e.size-have)
		if n <= 0 || !e.reserved.CompareAndSwap(have, have+n) {
			return // another loop does it
		}
		var err error
		at.Away(&e.shore, func() { err = e.sink.Reserve(e.spot()+have, n) })
		if err != nil {
			e.reserved.Store(e.size)
			observe.Tell(e.observer, observe.RoomNotReserved{Err: err})
		}
	}
}

// leave makes a file end with the last byte that was delivered in order. Beyond that lie unused reserved room and, if the stream
// failed, legs that came early; in that case no loop may run any more. If nothing was written or reserved, nothing is done; if
// others have written behind it, nothing is cut off.
func (e *egress) leave() error {
	if e.route != routePlace || e.reach.Load() == 0 && e.reserved.Load() == 0 {
		return nil
	}
	begin := e.spot()
	if !e.known && !e.sink.At(e.offset) {
		return errMixed
	}
	end := begin + int64(e.bytes.Load())
	if err := e.sink.Leave(end, begin+e.reach.Load()); err != nil {
		return err
	}
	if !e.sink.At(e.offset) {
		return nil // it is behind what others have written
	}
	e.offset = end
	return e.sink.SeekTo(end)
}
