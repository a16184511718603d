package engine

import (
	"errors"
	"sync"
	"sync/atomic"

	"viamillipede/engine/loop"
)

// ground is the part of the sink, a file, in which each leg has its place. Others may write to the same file: lines that were
// there before the first leg stay before it; those that come through the same open file, and move its offset, go behind the
// stream where its length is known; and at the end no more is cut off than was written here, or set aside.
//
//	file:  lines of others | leg 0 | leg 1 |   | leg 3 |       | lines of others
//	                       begin                       reach   begin + size, which is the offset meanwhile
type ground struct {
	mu     sync.Mutex
	found  atomic.Bool
	begin  int64        // of the stream in the file; changed under mu until it is found
	offset int64        // where the open file's offset was left; likewise
	known  bool         // that is behind the stream; likewise
	reach  atomic.Int64 // where the last byte of the stream that was written ends, in the stream
}

// errMixed is why a stream in a file of unknown length fails.
var errMixed = errors.New("another program has written to the same open file, where the stream belongs; with >> there is room for both")

// spot gives the place of the stream's first byte. It is decided when the first leg asks.
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

// reached notes that the stream is written up to a byte of it, whatever is missing before.
func (e *egress) reached(end int64) {
	for {
		was := e.reach.Load()
		if end <= was || e.reach.CompareAndSwap(was, end) {
			return
		}
	}
}

// reserveStep is how much room is set aside at a time, in bytes, ahead of legs that have come: what a sender says of its
// stream is no reason to fill a disk.
const reserveStep = 64 << 20

// reserve sets room aside in a file whose size is known, once a leg that ends at the given byte of the stream is on its way.
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
			tell(e.observer, RoomNotReserved{err})
		}
	}
}

// leave ends a file with the last byte that was delivered in order. What lies beyond is room that was not needed, and, when
// the stream failed, legs that came early; then no loop may run any more. Where nothing was written or set aside, nothing is
// done; where others have written behind it, nothing is cut off.
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
