package egress

import (
	"errors"
	"sync"
	"sync/atomic"

	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
	"viamillipede/netio"
)

// ground is the part of a file, the sink, in which each leg has its place. Others may write to the same file. Lines that were
// there before the first leg stay before it. Lines that come through the same open file, and move its offset, go behind the
// stream if its length is known. At the end, no more is cut off than was written or reserved here.
//
//	file:  lines of others | leg 0 | leg 1 |   | leg 3 |       | lines of others
//	                       begin                       reach   begin + size, which is the offset meanwhile
//
// Any loop may call its methods, except where they say otherwise.
type ground struct {
	sink     *netio.Sink
	shore    *loop.Shore // the sink, for calls that may wait
	observer observe.Observer
	size     int64 // of the stream, as its sender says; 0: not known

	mu     sync.Mutex
	found  atomic.Bool
	begin  int64        // of the stream in the file; changed under mu until it is found
	offset int64        // where the open file's offset was left; likewise
	known  bool         // the offset is behind the stream; likewise
	reach  atomic.Int64 // where the last byte of the stream that was written ends, in the stream

	reserved atomic.Int64 // bytes that room has been set aside for

	placing sync.RWMutex // held for reading while a leg is written to its place
	sealed  bool         // guarded by placing
}

// errMixed is why a stream in a file of unknown length fails.
var errMixed = errors.New("another program has written to the same open file, where the stream belongs; with >> there is room for both")

// spot returns the place of the stream's first byte. It is decided at the first call.
func (g *ground) spot() int64 {
	if !g.found.Load() {
		g.findSpot()
	}
	return g.begin
}

func (g *ground) findSpot() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.found.Load() {
		return
	}
	if begin, ok := g.sink.Tail(); ok {
		g.begin = begin
	}
	g.offset = g.begin
	if g.size > 0 {
		g.known = g.sink.SeekTo(g.begin+g.size) == nil
	}
	if g.known {
		g.offset += g.size
	}
	g.found.Store(true)
}

// reached notes that the stream is written up to that byte, with or without gaps before it.
func (g *ground) reached(end int64) {
	for {
		was := g.reach.Load()
		if end <= was || g.reach.CompareAndSwap(was, end) {
			return
		}
	}
}

// reserveStep is how much room is reserved at a time, in bytes, ahead of legs that have come: what a sender claims about its
// stream is no reason to fill a disk.
const reserveStep = 64 << 20

// reserve reserves room in a file for a stream of known size, once a leg that ends at the given byte of it is on its way.
func (g *ground) reserve(upTo int64, at *loop.Loop) {
	if g.shore.Busy() {
		return
	}
	if have := g.reserved.Load(); upTo > have && upTo <= g.size {
		n := min(reserveStep, g.size-have)
		if n <= 0 || !g.reserved.CompareAndSwap(have, have+n) {
			return // another loop does it
		}
		var err error
		at.Away(g.shore, func() { err = g.sink.Reserve(g.spot()+have, n) })
		if err != nil {
			g.reserved.Store(g.size)
			observe.Tell(g.observer, observe.RoomNotReserved{Err: err})
		}
	}
}

// pass notes that no room is to be reserved before that byte of the stream.
func (g *ground) pass(upTo int64) {
	for {
		have := g.reserved.Load()
		if upTo <= have || g.reserved.CompareAndSwap(have, upTo) {
			return
		}
	}
}

// leave makes a file end with the last byte that was delivered in order, of so many. Beyond that lie unused reserved room and, if the stream
// failed, legs that came early; in that case no loop may run any more. If nothing was written or reserved, nothing is done; if
// others have written behind it, nothing is cut off.
func (g *ground) leave(delivered int64) error {
	if g.reach.Load() == 0 && g.reserved.Load() == 0 {
		return nil
	}
	begin := g.spot()
	if (!g.known || delivered > g.size) && !g.sink.At(g.offset) {
		return errMixed // of a stream that is longer than was said, too: it reaches into what others have written
	}
	end := begin + delivered
	if err := g.sink.Leave(end, begin+g.reach.Load()); err != nil {
		return err
	}
	if !g.sink.At(g.offset) {
		return nil // it is behind what others have written
	}
	g.offset = end
	return g.sink.SeekTo(end)
}

// errSealed is why a leg goes to its place no more.
var errSealed = errors.New("the stream is cut off")

// emptyAt is netio.Sink.EmptyAt, until the file is cut.
func (g *ground) emptyAt(p *netio.Pipe, offset int64) error {
	g.placing.RLock()
	defer g.placing.RUnlock()
	if g.sealed {
		return errSealed
	}
	return g.sink.EmptyAt(p, offset)
}

// closePlaces lets no further leg go to its own place, and waits for those on their way there.
func (g *ground) closePlaces() {
	g.placing.Lock()
	defer g.placing.Unlock()
	g.sealed = true
}
