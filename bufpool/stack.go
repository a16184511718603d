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
// The tag is there for the pop that reads head A and A's next B and is then held up: others may pop A and B and push A
// again, and the head would look the same while B is no longer free. Each pop takes the tag one further, so the
// late compare and swap fails. It would be deceived after exactly 1<<38 pops of this shard within one such delay: at
// ten million a second, seven hours.
//
// Order of memory: the push's compare and swap publishes the buffer's bytes and next; the pop that sees it reads them.
const (
	indexBits     = 26
	referenceMask = 1<<indexBits - 1
	tagUnit       = 1 << indexBits

	// closed is the head's reference after Close: no pop, and what is pushed is dropped.
	closed = referenceMask
)

// shard is the home of some buffers. Its head and count change together and share a cache line, which no other shard
// has a part of.
type shard struct {
	_     [64]byte
	head  atomic.Uint64
	out   atomic.Int64 // buffers of this shard that are held
	_     [112]byte
	arena arena
	first uint32 // index of its first buffer
	node  int    // that the memory should be on, -1 for any

	reserve atomic.Pointer[reserve] // where buffers move to; nil before Warm, and where there are no reserved huge pages
	missed  atomic.Int64            // buffers that a page of the reserve was refused to
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

// used reports whether a buffer of the shard was ever taken; not for certain after 1<<38 times, when the tag begins anew.
func (s *shard) used() bool { return s.head.Load()>>indexBits > 0 }

// close takes all free buffers out of circulation, for good.
func (s *shard) close() { s.head.Store(closed) }
