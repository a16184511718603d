// Package bufpool holds the payload of legs: a bounded number of buffers of one size, outside the Go heap.
//
// A pool has one shard for each event loop, and a shard has an arena (anonymous memory, mapped at once, touched as
// needed) and a stack of free buffers:
//
//	shard 0: [ buffer 0 | buffer 1 | ... ]    shard 1: [ buffer k | buffer k+1 | ... ]    ...
//
// Get takes from the top of the loop's own stack: first the buffer released last, which is still in the cache, and last
// the untouched ones, in the order of their addresses. So resident memory is the most that was ever in use at once,
// rounded up to a huge page, rather than the bound. If a shard has none left, Get takes a buffer from another shard;
// Release returns it there.
//
// If a loop has a NUMA node, its arena asks for memory of that node. A warmed pool has its buffers in huge pages: in
// those that the administrator has set aside, as far as they are free (reserve.go), otherwise in transparent ones.
//
// The life of a buffer: free -> Get -> held by one owner, who may hand it on -> Release -> free.
package bufpool

import (
	"errors"
	"fmt"
	"os"
	"slices"
)

// MaxBuffers is the most buffers a pool can have: the stacks of free buffers have indexBits for a reference.
const MaxBuffers = 1<<indexBits - 2

// Grain is the unit of a buffer's size, in bytes: the smallest page of any machine we support. On machines with larger
// pages, such as some arm64, a page may hold several buffers.
const Grain = 4 << 10

// page is the size of this machine's pages, in bytes.
var page = os.Getpagesize()

// Config says how much memory a pool may use: Buffers * Size bytes.
type Config struct {
	Shards  int // one per event loop; 1 or more
	Buffers int // in all, spread evenly over the shards; 1 to MaxBuffers
	Size    int // of a buffer, in bytes; a multiple of Grain

	// Nodes is the NUMA node that each shard's loop runs on, 0 to 1023, or -1 for any; nil means any for all shards.
	// Memory comes from that node while it has some; if it is full or does not exist, only speed is lost.
	Nodes []int
}

func (c Config) check() error {
	switch {
	case c.Shards < 1:
		return fmt.Errorf("buffer pool: %d shards, expected 1 or more", c.Shards)
	case c.Buffers < 1 || c.Buffers > MaxBuffers:
		return fmt.Errorf("buffer pool: %d buffers, expected 1 to %d", c.Buffers, MaxBuffers)
	case c.Size < Grain || c.Size%Grain != 0:
		return fmt.Errorf("buffer pool: buffers of %d bytes, expected a multiple of %d", c.Size, Grain)
	case c.Size > maxArena/c.Buffers:
		return fmt.Errorf("buffer pool: %d buffers of %d bytes are more than can be mapped", c.Buffers, c.Size)
	case c.Nodes != nil && len(c.Nodes) != c.Shards:
		return fmt.Errorf("buffer pool: %d nodes for %d shards", len(c.Nodes), c.Shards)
	}
	for _, n := range c.Nodes {
		if n < -1 || n >= maxNodes {
			return fmt.Errorf("buffer pool: node %d, expected -1 to %d", n, maxNodes-1)
		}
	}
	return nil
}

// node is the NUMA node of a shard, -1 for any.
func (c Config) node(shard int) int {
	if c.Nodes == nil {
		return -1
	}
	return c.Nodes[shard]
}

// Pool is a set of buffers. All methods except Close may be called from any goroutine at any time.
type Pool struct {
	buffers []Buffer // by index; never moves
	shards  []shard
	size    int
	advice  Advice // as it was given by New
}

// New maps the arenas. No page is resident until it is touched, and none is reserved (MAP_NORESERVE), so New can map more
// memory than the machine has. The caller must Close the pool. Errors: a Config outside its limits; an os.SyscallError of
// mmap(2).
func New(c Config) (*Pool, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	p := &Pool{buffers: make([]Buffer, c.Buffers), shards: make([]shard, c.Shards), size: c.Size}
	first := 0
	for i := range p.shards {
		count := c.Buffers / c.Shards
		if i < c.Buffers%c.Shards {
			count++
		}
		if count == 0 {
			break
		}
		a, err := newArena(count * c.Size)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("map buffers: %w", err), p.Close())
		}
		if node := c.node(i); node >= 0 {
			if err := prefer(a.bytes, node); err != nil {
				p.advice.Refused = append(p.advice.Refused, err)
			} else {
				p.advice.Nodes = append(p.advice.Nodes, node)
			}
		}
		if err := a.keepFromChildren(); err != nil {
			p.advice.Refused = append(p.advice.Refused, err)
		}
		p.shards[i].node = c.node(i)
		p.fill(&p.shards[i], a, first, count)
		first += count
	}
	slices.Sort(p.advice.Nodes)
	p.advice.Nodes = slices.Compact(p.advice.Nodes)
	return p, nil
}

// fill gives a shard its arena and count buffers, the first of them buffer first, stacked with the lowest address on top.
func (p *Pool) fill(s *shard, a arena, first, count int) {
	s.arena, s.first = a, uint32(first)
	for i := count - 1; i >= 0; i-- {
		b := &p.buffers[first+i]
		b.home, b.index = s, uint32(first+i)
		b.data = a.part(i*p.size, p.size)
		s.push(b)
	}
}

// Get gives the caller a free buffer: from the given shard, 0 to Shards-1, or from another if that one has none. It
// returns nil after Close and while all buffers are held: the caller then waits for a Release, which is our
// back-pressure. Since a Release may come while Get looks, a caller first announces that it waits and then calls Get once
// more. The buffer holds whatever its last owner left in it.
func (p *Pool) Get(shard int) *Buffer {
	for i := range p.shards {
		from := shard + i
		if from >= len(p.shards) {
			from -= len(p.shards)
		}
		if b := p.shards[from].pop(p.buffers); b != nil {
			b.state.Store(held)
			if !b.settled {
				b.settle()
			}
			return b
		}
	}
	return nil
}

// InUse counts the buffers that are held, 0 to Buffers. While others call Get and Release it may miss some of theirs.
func (p *Pool) InUse() int {
	n := int64(0)
	for i := range p.shards {
		n += p.shards[i].out.Load()
	}
	return int(n)
}

// Close unmaps the arenas. No Get may run at the same time, and every buffer should be back. If some are still held, the
// error says how many, and their arenas stay mapped, because a holder must never fault; those buffers may still be
// released, and Close may be called again. Other errors: an os.SyscallError of munmap(2).
func (p *Pool) Close() error {
	var err error
	for i := range p.shards {
		s := &p.shards[i]
		s.close()
		if s.out.Load() == 0 {
			err = errors.Join(err, s.arena.unmap())
			if r := s.reserve.Swap(nil); r != nil {
				err = errors.Join(err, r.unmap())
			}
		}
	}
	if n := p.InUse(); n > 0 {
		err = errors.Join(fmt.Errorf("close buffer pool: %d of %d buffers are still out", n, len(p.buffers)), err)
	}
	return err
}
