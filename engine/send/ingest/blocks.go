package ingest

import (
	"errors"
	"math"
	"sync"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/sidechain"
	"viamillipede/engine/window"
	"viamillipede/engine/wire"
)

const (
	// growthMost is how much longer a leg may become, and growthSlack how many bytes more. Headers make most of a leg of a few bytes.
	growthMost  = 16
	growthSlack = 512
	// growthSpare is the room that is left for a piece that grows more than those before it.
	growthSpare = 1.125
	// worthwhile is how many times shorter pieces have to become to be larger than others.
	worthwhile = 1.05
	// becomesFirst is how many times shorter they are taken to become before anything is known.
	becomesFirst = 2.5
	// becomesKeeps is what counts of what was known before, with each piece.
	becomesKeeps = 0.75
)

// errGrows is why a leg cannot be sent.
var errGrows = errors.New("it grows to more than 16 times its size")

// becomes is how much shorter pieces have become lately.
type becomes struct {
	mu         sync.Mutex
	raw, coded float64 // bytes, those of a while ago counting less
}

func (b *becomes) learn(raw, coded int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.raw, b.coded = b.raw*becomesKeeps+float64(raw), b.coded*becomesKeeps+float64(coded)
}

// shorter is how many times shorter a piece is likely to become.
func (b *becomes) shorter() float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.coded == 0 {
		return becomesFirst
	}
	return b.raw / b.coded
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
		c.denies(stream.Fail(stream.StatusLocalPipe, err, "cannot code leg %d, the bytes from %d to %d of the stream", b.at, l.Offset, l.Offset+uint64(len(raw))))
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
	if c.becomes.learn(len(raw), len(coded)); steps == 0 || c.chain.Commands() == 0 && len(coded)+wire.CodedSum >= len(raw) {
		if in.checksum {
			l.Checksum = wire.Checksum(raw)
		}
		c.count(l.Length, true)
		return nil
	}
	sum := wire.Checksum(raw)
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
	c.extra.Add(uint64(len(parts) - 1))
	b.leg, b.more = parts[0], parts[1:]
	return nil
}

// grows is how many times as long pieces have become at most; as long as they may, before anything is known.
func (c *coding) grows() float64 {
	if known := c.growth.Load(); known != 0 {
		return math.Float64frombits(known)
	}
	return growthMost
}

// grew notes what a piece became, unless it was too short to say anything.
func (c *coding) grew(raw, coded int) {
	if raw < min(growthSlack, c.most/64) {
		return
	}
	growth := min(max(1, float64(coded)/float64(raw)), growthMost)
	for {
		was := c.growth.Load()
		if was != 0 && growth <= math.Float64frombits(was) {
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
