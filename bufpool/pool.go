// Package bufpool holds the payload of legs: a bounded number of buffers of one size, outside the Go heap.
//
// A pool has one shard for each event loop, and a shard has an arena (anonymous memory, mapped at once, touched as
// needed) and a stack of free buffers:
//
//	shard 0: [ buffer 0 | buffer 1 | ... ]    shard 1: [ buffer k | buffer k+1 | ... ]    ...
//
// Get takes from the top of the loop's own stack: the buffer released last, which is still in the cache, before
// others, and untouched ones in the order of their addresses. So resident memory is what was in use at the same time,
// rounded up to a huge page, and not the bound. Where a shard has none left, Get takes one from another shard; it goes
// home on Release.
//
// Where a loop has a NUMA node, its arena asks for memory of that node. A pool that is warmed has its buffers in huge pages:
// those that the administrator has set aside, as far as some are free (reserve.go), else transparent ones.
//
// The life of a buffer: free -> Get -> held by one owner, who may hand it on -> Release -> free.
package bufpool

import (
	"errors"
	"fmt"
	"os"
	"slices"
)

// MaxBuffers is the most that a pool has; the free stacks count in that many bits.
const MaxBuffers = 1<<indexBits - 2

// Grain is what the size of a buffer is a multiple of, in bytes: the smallest page that a machine has. Where pages are larger, as
// on some arm64, a page may hold several buffers.
const Grain = 4 << 10

// page is the size of this machine's pages, in bytes.
var page = os.Getpagesize()

// Config says how much memory a pool may use: Buffers * Size bytes.
type Config struct {
	Shards  int // one for each event loop; 1 or more
	Buffers int // of all shards together, spread evenly over them; 1 to MaxBuffers
	Size    int // bytes of a buffer; a multiple of Grain

	// Nodes has the NUMA node that each shard's loop runs on, 0 to 1023, or -1 for any. Nil is any for all. Memory is taken
	// from there while it has some; a node that is full or does not exist costs speed only.
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

// node is that of a shard, -1 for any.
func (c Config) node(shard int) int {
	if c.Nodes == nil {
		return -1
	}
	return c.Nodes[shard]
}

// Pool is a set of buffers. All methods but Close may be called from any goroutine at any time.
type Pool struct {
	buffers []Buffer // by index; never moves
	shards  []shard
	size    int
	advice  Advice // as it was at first
}

// New maps the arenas. Nothing of them is resident until it is touched, and nothing is reserved (MAP_NORESERVE), so it
// succeeds for more memory than the machine has. The caller ends the pool with Close. Errors: a Config outside of its
// limits; the mmap(2) of an arena, an os.SyscallError.
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

// fill gives a shard its arena and the buffers from first on, which it stacks with the lowest address on top.
func (p *Pool) fill(s *shard, a arena, first, count int) {
	s.arena, s.first = a, uint32(first)
	for i := count - 1; i >= 0; i-- {
		b := &p.buffers[first+i]
		b.home, b.index = s, uint32(first+i)
		b.data = a.part(i*p.size, p.size)
		s.push(b)
	}
}

// Get gives a free buffer to the caller: of the given shard, 0 to Shards-1, else of another one. The result is nil
// when all buffers are held, and after Close: the caller waits for a Release, which is our back-pressure. One may come
// while Get looks, so a caller first makes it known that it waits, and then asks once more. The buffer holds whatever
// its last owner left in it.
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

// InUse counts the buffers that are held; while others Get and Release, some of those may be missing. 0 to Buffers.
func (p *Pool) InUse() int {
	n := int64(0)
	for i := range p.shards {
		n += p.shards[i].out.Load()
	}
	return int(n)
}

// Close unmaps the arenas. No Get may run at the same time, and every buffer should be back. If some are not, the
// error says how many, and the arenas that they belong to stay mapped, for a buffer's holder must never fault; they may
// still be released, and Close may be called again. Other errors: munmap(2), an os.SyscallError.
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
