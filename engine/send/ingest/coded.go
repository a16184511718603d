package ingest

import (
	"sync/atomic"
	"time"

	"viamillipede/bufpool"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
	"viamillipede/engine/sidechain"
	"viamillipede/engine/window"
)

// coding is the way of a stream's legs through a chain of steps, beside the loops.
//
//	source --- a block, in order ---> queue --- coded by a crew, many at once ---> taken from the queue, in order: a leg, or several
//
// A block is read into a buffer of the window, and what it was coded to takes its place there: so all that is on its way is within the
// window, and what becomes longer than the buffer is rare. A leg gets its number when a link takes it, and is coded once, however often
// it is sent. All but what is atomic belongs to the holder of the ingest turn.
type coding struct {
	chain  sidechain.Chain
	auto   *sidechain.Auto
	crew   *sidechain.Crew
	told   observe.Observer
	denies func(error)
	most   int // bytes of a leg

	blocks []block // of the queue
	first  int     // the oldest
	length atomic.Int32
	dry    bool   // the source has been read to its end
	read   uint64 // blocks so far
	begun  begun  // a block that is not full yet
	passed int    // legs that went as they are, and at which nobody looked; one of some is looked at

	fresh    atomic.Bool   // something was coded since a link last asked
	finished func()        // tells the loops so
	growth   atomic.Uint64 // the most that a piece has grown by, the bits of a float64; 0: nothing is known
	becomes  becomes       // what pieces have become lately

	extra                  atomic.Uint64 // legs that blocks have become beyond one each
	raw, sent, plain, legs atomic.Uint64 // bytes before and after; legs that went as they are, and all
}

// begun is a block that waits for more of the source, because what was read before keeps links and coders busy: the larger it is, the
// shorter it becomes. The zero begun is none.
type begun struct {
	buf *bufpool.Buffer
	has int // bytes
}

// block is what was read together, and what it became.
type block struct {
	in   *Intake
	at   uint64        // the number that its first leg will have, unless a block before it becomes several legs
	leg  *window.Leg   // as read; then the first of the legs that it became
	more []*window.Leg // the others, in order
	done atomic.Bool
}

const (
	// blocksFor is how many blocks are on their way for each CPU: one in work, and one that is ready when it is done.
	blocksFor = 2
	// blocksAtOnce bounds how many are read before a loop goes on.
	blocksAtOnce = 4
	// plainMost is how many bytes a leg has at most that need not become as short as it can: larger ones are slower.
	plainMost = stream.DefaultLeg
	// looksEach is of how many blocks one is looked at while nothing is coded.
	looksEach = 8
)

// StartCoding makes legs of at most so many bytes go through the chain of Config, if there is one; workers is how many CPUs there are
// for that. buffers are those of FillFrom; trip is the longest round trip of the links. It is called before the first Pull, once the
// receiver is known.
func (in *Intake) StartCoding(workers, most, buffers int, trip func() time.Duration) {
	c := in.coding
	if c == nil {
		return
	}
	c.most = most
	c.blocks = make([]block, max(1, min(blocksFor*workers, buffers/2)))
	for i := range c.blocks {
		c.blocks[i].in = in
	}
	c.crew = sidechain.NewCrew(c.chain, min(workers, len(c.blocks)), most, len(c.blocks), c.auto, func(p any) {
		c.denies(stream.Faulted("sidechain", p, c.told))
	})
	if c.auto != nil {
		c.auto.Watch(min(workers, len(c.blocks)), trip)
	}
}

// openCoding notes the chain.
func (in *Intake) openCoding(c Config) {
	if c.Chain.IsEmpty() {
		return
	}
	in.coding = &coding{chain: c.Chain, told: c.Observer, denies: c.Refused, finished: c.Granted}
	if c.Chain.Auto {
		in.coding.auto = sidechain.NewAuto()
	}
}

// close ends the crew, and releases what no link has taken.
func (c *coding) close() {
	if c == nil {
		return
	}
	if c.crew == nil {
		c.chain.End()
		return
	}
	c.crew.Stop()
	if c.begun.buf != nil {
		c.begun.buf.Release()
	}
	for ; c.length.Load() > 0; c.pop() {
		b := &c.blocks[c.first]
		b.leg.Discard()
		for _, l := range b.more {
			l.Discard()
		}
	}
}

// pop takes the oldest block out of the queue.
func (c *coding) pop() {
	c.blocks[c.first].leg, c.blocks[c.first].more = nil, c.blocks[c.first].more[:0]
	c.first = (c.first + 1) % len(c.blocks)
	c.length.Add(-1)
}

// nextCoded is what Pull does in its turn where legs are coded.
func (in *Intake) nextCoded(w *window.Window, at *loop.Loop, most Bound) (*window.Leg, Hunger, error) {
	c := in.coding
	c.fresh.Store(false)
	why, err := in.readBlocks(at, most)
	if err != nil {
		return nil, SourceGone, err
	}
	b := &c.blocks[c.first]
	switch {
	case c.length.Load() == 0 && why != NoMore:
		return nil, c.starves(why, at.Now), nil
	case c.length.Load() == 0:
		if err := in.wholly(); err != nil {
			return nil, SourceGone, err
		}
		in.End(w)
		return nil, NoMore, nil
	case !b.done.Load():
		return nil, c.awaits(why), nil
	case !w.Open():
		return nil, NoRoom, nil
	}
	l := b.leg
	if len(b.more) > 0 {
		b.leg, b.more = b.more[0], b.more[1:]
	} else {
		c.pop()
	}
	if c.auto != nil && l.Bare == 0 && c.auto.Took(int(l.Span()), l.Length, w.Kept(), int(c.length.Load()), at.Now) {
		observe.Tell(c.told, observe.CoderChosen{Level: c.auto.LevelName()})
	}
	if l.Bare > 0 {
		in.bare.Add(uint64(l.Bare))
	}
	w.Add(l, at.Now)
	return l, Fed, nil
}

// starves and awaits say what a call without a leg means: the source, or the crew, has to bring something first.
func (c *coding) starves(why Hunger, now time.Time) Hunger {
	if c.auto != nil && why == NoInput {
		c.auto.Starves(now)
	}
	return why
}

func (c *coding) awaits(why Hunger) Hunger {
	if c.auto != nil {
		c.auto.Waits()
	}
	if why == NoInput || why == Paused {
		return why // both may bring something
	}
	return Coding
}

// Codes reports whether legs go through a chain. It does not change.
func (in *Intake) Codes() bool { return in.coding != nil }

// Fresh reports whether a Pull that brought nothing may bring something now, because the crew has gone on, or the window is open. It is
// for a loop that is about to wait.
func (in *Intake) Fresh(w *window.Window, why Hunger) bool {
	c := in.coding
	return c != nil && (c.fresh.Load() || why == NoRoom && c.length.Load() > 0 && w.Open())
}

// readBlocks reads what there is room for, and hands it to the crew. It says why it has stopped: Fed, if the queue is full.
func (in *Intake) readBlocks(at *loop.Loop, most Bound) (Hunger, error) {
	c := in.coding
	if c.dry {
		return NoMore, nil
	}
	for n := 0; int(c.length.Load()) < len(c.blocks); n++ {
		if n == blocksAtOnce || c.length.Load() > 0 && in.mayBlock() {
			if n == blocksAtOnce {
				c.fresh.Store(true) // there is probably more
			}
			return Fed, nil
		}
		in.at = at
		l, why, err := in.cut(at.ID, c.blockOf(most), at.Now)
		if l == nil {
			c.dry = why == NoMore
			return why, err
		}
		in.bounds.count(at.Now, l.Length)
		l.Offset = in.offset.Load()
		in.offset.Add(uint64(l.Span()))
		b := &c.blocks[(c.first+int(c.length.Load()))%len(c.blocks)]
		b.leg, b.at = l, c.read+c.extra.Load()
		c.read++
		b.done.Store(l.Bare > 0 || in.passes(l))
		c.length.Add(1)
		if !b.done.Load() {
			c.crew.Give(b)
		}
	}
	return Fed, nil
}

// passes reports whether a leg goes as it is, and nobody even looks at it, because that would only cost time.
func (in *Intake) passes(l *window.Leg) bool {
	c := in.coding
	if c.auto == nil || c.auto.Codes() || in.checksum || in.made != nil {
		return false
	}
	if c.passed++; c.passed%looksEach == 0 {
		return false
	}
	c.raw.Add(uint64(l.Length))
	c.count(l.Length, true)
	return true
}

// gathers reports whether a block is read in several pieces, if the source does not have all of it at once.
func (in *Intake) gathers() bool {
	return in.coding != nil && in.gather && in.limit == 0 && !in.paced()
}

// blockBuffer is a buffer for the next leg, or the one that was begun; nil: none is left.
func (in *Intake) blockBuffer(shard int) *bufpool.Buffer {
	if in.coding != nil && in.coding.begun.buf != nil {
		return in.coding.begun.buf
	}
	return in.pool.Get(shard)
}

// begins reports whether a block in the buffer waits for more.
func (in *Intake) begins(buf *bufpool.Buffer) bool {
	return in.coding != nil && in.coding.begun.buf == buf
}

// readBlock puts what the source has into a block, which is begun with that or before. It becomes a leg once it is full, or when nothing
// else is on its way to the links, or nothing more will come.
func (in *Intake) readBlock(buf *bufpool.Buffer, most int) (*window.Leg, Hunger, error) {
	c := in.coding
	has := c.begun.has
	var err error
	if has < most {
		in.rooms = append(in.rooms[:0], buf.Bytes()[has:most])
		var n int
		n, err = in.fill(in.rooms)
		has += n
	}
	switch {
	case has == 0:
		return in.nothing(err)
	case has < most && in.met == nil && c.length.Load() > 0:
		c.begun = begun{buf, has}
		return nil, NoInput, nil
	}
	c.begun = begun{}
	return in.copied(buf, has), Fed, nil
}

// mayBlock reports whether a read of the source may last until somebody types: what was read before must not wait for that.
func (in *Intake) mayBlock() bool { return in.made == nil && !in.sized && !in.Source.Pollable() }

// blockOf is how many bytes to read for a leg that a link takes: as many as are likely to become that.
func (c *coding) blockOf(most Bound) int {
	if c.chain.Commands() > 0 { // a process costs more than a large leg
		return max(1, int(float64(c.most-growthSlack)/(c.grows()*growthSpare)))
	}
	shorter := c.becomes.shorter()
	if shorter < worthwhile || c.auto != nil && !c.auto.Codes() {
		return min(most.Plain, plainMost, c.most)
	}
	if c.auto != nil && !c.auto.Presses() {
		return min(int(shorter*float64(most.Coded)), plainMost, c.most)
	}
	return min(int(shorter*float64(most.Coded)), c.most)
}

// Coding is what the chain has done so far; nil: there is none.
func (in *Intake) Coding() *observe.CodingSummary {
	c := in.coding
	if c == nil {
		return nil
	}
	s := &observe.CodingSummary{Chain: c.chain.String(), Raw: c.raw.Load(), Coded: c.sent.Load(), Legs: c.legs.Load(), Plain: c.plain.Load()}
	if c.crew != nil {
		s.CPU = c.crew.Spent()
	}
	if c.auto != nil {
		s.Level = c.auto.LevelName()
	}
	return s
}
