package ingest

import (
	"errors"
	"math"
	"sync/atomic"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
	"viamillipede/engine/sidechain"
	"viamillipede/engine/window"
	"viamillipede/engine/wire"
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
	dry    bool // the source has been read to its end

	fresh    atomic.Bool   // something was coded since a link last asked
	finished func()        // tells the loops so
	growth   atomic.Uint64 // the most that a piece has grown by, the bits of a float64

	raw, sent, plain, legs atomic.Uint64 // bytes before and after; legs that went as they are, and all
}

// block is what was read together, and what it became.
type block struct {
	in   *Intake
	leg  *window.Leg   // as read; then the first of the legs that it became
	more []*window.Leg // the others, in order
	done atomic.Bool
}

const (
	// blocksFor is how many blocks are on their way for each CPU: one in work, and one that is ready when it is done.
	blocksFor = 2
	// blocksAtOnce bounds how many are read before a loop goes on.
	blocksAtOnce = 4
	// growthMost is how much longer a leg may become, and growthSlack how many bytes more. Headers make most of a leg of a few bytes.
	growthMost  = 16
	growthSlack = 512
	// growthGuess is how much a program is taken to add before anything is known.
	growthGuess = growthMost
	// growthSpare is the room that is left for a piece that grows more than those before it.
	growthSpare = 1.125
)

// errGrows is why a leg cannot be sent.
var errGrows = errors.New("it grows to more than 16 times its size")

// StartCoding makes legs of at most so many bytes go through the chain of Config, if there is one; workers is how many CPUs there are
// for that. buffers are those of FillFrom. It is called before the first Pull, once the receiver is known.
func (in *Intake) StartCoding(workers, most, buffers int) {
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
		c.auto.Watch(min(workers, len(c.blocks)), c.crew.Spent)
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
	in.coding.growth.Store(math.Float64bits(growthGuess))
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
func (in *Intake) nextCoded(w *window.Window, at *loop.Loop, most int) (*window.Leg, Hunger, error) {
	c := in.coding
	c.fresh.Store(false)
	why, err := in.readBlocks(at, most)
	if err != nil {
		return nil, SourceGone, err
	}
	b := &c.blocks[c.first]
	switch {
	case c.length.Load() == 0 && why != NoMore:
		return nil, c.starves(why), nil
	case c.length.Load() == 0:
		if err := in.wholly(); err != nil {
			return nil, SourceGone, err
		}
		in.End(w)
		return nil, NoMore, nil
	case !b.done.Load():
		return nil, c.waits(why), nil
	case !w.Open():
		return nil, NoRoom, nil
	}
	l := b.leg
	if len(b.more) > 0 {
		b.leg, b.more = b.more[0], b.more[1:]
	} else {
		c.pop()
	}
	if c.auto != nil && l.Bare == 0 && c.auto.Took(int(l.Span()), l.Length, at.Now) {
		observe.Tell(c.told, observe.CoderChosen{Level: c.auto.LevelName()})
	}
	if l.Bare > 0 {
		in.bare.Add(uint64(l.Bare))
	}
	w.Add(l, at.Now)
	return l, Fed, nil
}

// starves and waits say what a call without a leg means: the source, or the crew, has to bring something first.
func (c *coding) starves(why Hunger) Hunger {
	if c.auto != nil {
		c.auto.Starves()
	}
	return why
}

func (c *coding) waits(why Hunger) Hunger {
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
func (in *Intake) readBlocks(at *loop.Loop, most int) (Hunger, error) {
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
		b.leg = l
		b.done.Store(l.Bare > 0)
		c.length.Add(1)
		if l.Bare == 0 {
			c.crew.Give(b)
		}
	}
	return Fed, nil
}

// mayBlock reports whether a read of the source may last until somebody types: what was read before must not wait for that.
func (in *Intake) mayBlock() bool { return in.made == nil && !in.sized && !in.Source.Pollable() }

// blockOf is how many bytes to read for a leg of so many: as many as are likely to become that.
func (c *coding) blockOf(most int) int {
	if c.chain.Commands() > 0 { // a process costs more than a large leg
		return max(1, int(float64(c.most-growthSlack)/(c.grows()*growthSpare)))
	}
	if raw, sent := c.raw.Load(), c.sent.Load(); sent > 0 {
		most = int(float64(most) * max(1, float64(raw)/float64(sent)))
	}
	return min(most, c.most)
}

// Do codes the block; on a goroutine of the crew.
func (b *block) Do(k *sidechain.Coder) {
	in, l := b.in, b.leg
	c := in.coding
	if in.made != nil {
		in.made(l.Memory(), l.Offset)
	}
	raw := l.Memory()
	if err := b.code(k, l, raw); err != nil {
		c.denies(stream.Fail(stream.StatusLocalPipe, err, "cannot code the bytes from %d to %d of the stream", l.Offset, l.Offset+uint64(len(raw))))
		return
	}
	c.raw.Add(uint64(len(raw)))
	b.done.Store(true)
	c.fresh.Store(true)
	c.finished()
}

// code makes legs of the bytes of l.
func (b *block) code(k *sidechain.Coder, l *window.Leg, raw []byte) error {
	in, c := b.in, b.in.coding
	coded, steps, err := k.Encode(raw)
	switch {
	case errors.Is(err, sidechain.ErrRoom):
		c.grew(len(raw), int(2*c.grows()*float64(len(raw))))
		return b.split(k, l, raw)
	case err != nil:
		return err
	}
	sum := wire.Checksum(raw)
	if steps == 0 || c.chain.Commands() == 0 && len(coded)+wire.CodedSum >= len(raw) {
		if l.Checksum = 0; in.checksum {
			l.Checksum = sum
		}
		c.count(l.Length, true)
		return nil
	}
	c.grew(len(raw), len(coded))
	if len(coded)+wire.CodedSum > c.most || !l.Code(coded, sum, steps) {
		return b.split(k, l, raw)
	}
	c.count(l.Length, false)
	return nil
}

// split codes a block in pieces, because what all of it became has no room: so many that each is likely to have. Only what a program
// makes grows like that, and only before it is known how much.
func (b *block) split(k *sidechain.Coder, l *window.Leg, raw []byte) error {
	c := b.in.coding
	size := max(1, min(len(raw)/2, (c.most-wire.CodedSum-growthSlack)/growthMost))
	if size == len(raw) {
		return errGrows
	}
	var parts []*window.Leg
	for at := 0; at < len(raw); at += size {
		piece := raw[at:min(at+size, len(raw))]
		coded, steps, err := k.Encode(piece)
		switch {
		case errors.Is(err, sidechain.ErrRoom), err == nil && len(coded) > min(growthMost*len(piece)+growthSlack, c.most-wire.CodedSum):
			return errGrows
		case err != nil:
			return err
		}
		c.grew(len(piece), len(coded))
		p := window.CodedPart(coded, len(piece), wire.Checksum(piece), steps)
		p.Offset = l.Offset + uint64(at)
		c.count(p.Length, false)
		parts = append(parts, p)
	}
	l.Discard()
	b.leg, b.more = parts[0], parts[1:]
	return nil
}

// grows is how many times as long pieces have become at most, or what is guessed.
func (c *coding) grows() float64 { return math.Float64frombits(c.growth.Load()) }

// grew notes what a piece became, unless it was too short to say anything.
func (c *coding) grew(raw, coded int) {
	if raw < min(growthSlack, c.most/64) {
		return
	}
	growth := min(max(1, float64(coded)/float64(raw)), growthMost)
	for {
		was := c.growth.Load()
		if known := math.Float64frombits(was); known != growthGuess && growth <= known {
			return
		}
		if c.growth.CompareAndSwap(was, math.Float64bits(growth)) {
			return
		}
	}
}

func (c *coding) count(bytes int, plain bool) {
	c.sent.Add(uint64(bytes))
	c.legs.Add(1)
	if plain {
		c.plain.Add(1)
	}
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
