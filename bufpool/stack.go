package bufpool

import "sync/atomic"

// The free buffers of a shard are a stack linked through Buffer.next (R. K. Treiber, 1986). A reference to a buffer is
// its index in the pool plus one; 0 is the end of the stack. The head is one word:
//
//	 63                     26 25          0
//	+-------------------------+-------------+
//	| tag, counts pops        | reference   |
//	+-------------------------+-------------+
//
// The tag solves the ABA problem: while one pop has read head A and A's next, B, and is held up, others may pop A and B
// and push A again; the head would look the same although B is no longer free. Each pop increments the tag, so the late
// compare-and-swap fails. Only exactly 1<<38 pops of this shard within one such delay would fool it: at ten million a
// second, seven hours.
//
// Memory order: the compare-and-swap of a push publishes the buffer's bytes and next; the pop that sees it may read them.
const (
	indexBits     = 26
	referenceMask = 1<<indexBits - 1
	tagUnit       = 1 << indexBits

	// closed is the head's reference after Close: pop finds nothing, and push drops the buffer.
	closed = referenceMask
)

// shard is the home of some buffers. Its head and count change together and share a cache line, which no other shard
// uses.
type shard struct {
	_     [64]byte
	head  atomic.Uint64
	out   atomic.Int64 // how many buffers of this shard are held
	_     [112]byte
	arena arena
	first uint32 // index of its first buffer
	node  int    // NUMA node that the memory should be on, -1 for any

	reserve atomic.Pointer[reserve] // where buffers move to; nil before Warm, and if there are no reserved huge pages
	missed  atomic.Int64            // buffers that were refused a page of the reserve
}

// pop takes the topmost buffer; nil if there is none.
func (s *shard) pop(buffers []Buffer) *Buffer {
	for {
		head := s.head.Load()
		reference := head & referenceMask
		if reference == 0 || reference == closed {
			return nil
		}
		b := &buffers[reference-1]
		below := head&^referenceMask + tagUnit | uint64(b.next.Load())
		if s.head.CompareAndSwap(head, below) {
			s.out.Add(1)
			return b
		}
	}
}

// push puts a buffer on top. The caller owns it until then.
func (s *shard) push(b *Buffer) {
	for {
		head := s.head.Load()
		if head&referenceMask == closed {
			return
		}
		b.next.Store(uint32(head & referenceMask))
		if s.head.CompareAndSwap(head, head&^referenceMask|uint64(b.index+1)) {
			return
		}
	}
}

// used reports whether a buffer of the shard was ever taken. It is not certain after 1<<38 times, when the tag wraps.
func (s *shard) used() bool { return s.head.Load()>>indexBits > 0 }

// close takes all free buffers out of circulation, for good.
func (s *shard) close() { s.head.Store(closed) }
