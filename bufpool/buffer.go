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
	settled bool          // in its shard's reserve, or will never move there (see reserve.go); owned by the holder
	_       [19]byte      // pads to a full cache line: neighbours belong to other loops
}

// Bytes returns the whole buffer, Size bytes. The memory is the owner's until Release; after that nobody may use it, not
// even the kernel. The next owner may find the buffer at another address.
func (b *Buffer) Bytes() []byte { return b.data }

// Index is the buffer's number in its pool, 0 to Buffers-1. It does not change.
func (b *Buffer) Index() int { return int(b.index) }

// Release returns the buffer to the shard it came from and ends the caller's ownership. Any goroutine may call it. A
// second Release panics, unless somebody else has got the buffer since: then it cannot be told from that owner's Release.
func (b *Buffer) Release() {
	if !b.state.CompareAndSwap(held, free) {
		panic("bufpool: second Release of buffer " + strconv.Itoa(b.Index()))
	}
	b.home.out.Add(-1)
	b.home.push(b)
}
