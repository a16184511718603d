package bufpool

import (
	"strconv"
	"sync/atomic"
)

// States of a buffer. free -> held: Get. held -> free: Release.
const (
	free = iota
	held
)

// Buffer is one piece of a pool's memory. Between Get and Release it belongs to one owner at a time.
type Buffer struct {
	data    []byte
	home    *shard
	index   uint32
	state   atomic.Uint32
	next    atomic.Uint32 // reference (see stack.go) of the free buffer below this one
	settled bool          // in its shard's reserve, or never to be there (see reserve.go); the holder's
	_       [19]byte      // to a full cache line: neighbours belong to other loops
}

// Bytes gives the whole buffer, Size bytes. The memory is the owner's until Release, and must not be used, by the
// kernel neither, after that. The next owner may find the buffer elsewhere in memory.
func (b *Buffer) Bytes() []byte { return b.data }

// Index gives the number of the buffer in its pool, 0 to Buffers-1. It does not change.
func (b *Buffer) Index() int { return int(b.index) }

// Release gives the buffer back to the shard that it came from; any goroutine may do so. The caller's ownership ends. A
// second Release panics; one that comes after somebody else got the buffer cannot be told from that owner's.
func (b *Buffer) Release() {
	if !b.state.CompareAndSwap(held, free) {
		panic("bufpool: second Release of buffer " + strconv.Itoa(b.Index()))
	}
	b.home.out.Add(-1)
	b.home.push(b)
}
