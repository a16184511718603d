package ingest

import (
	"sync/atomic"

	"viamillipede/bufpool"
	"viamillipede/engine/window"
)

// ahead holds what was read together with the leg before it. Small legs are read many at a time: each read of a full pipe wakes the
// producer up, which costs more than to copy a small leg. It belongs to the holder of the turn.
type ahead struct {
	reads []read
	left  atomic.Int32 // how many; any loop reads it
	rooms [][]byte     // where a call reads to; kept for the next one
}

// read is what a leg is made of: the first bytes of a buffer, which it owns.
type read struct {
	buf   *bufpool.Buffer
	bytes int
}

// aheadMost is how much is read at a time, in bytes: a part of what a pipe holds, so that its producer goes on meanwhile.
const aheadMost = 256 << 10

// Ahead reports whether the bytes of another leg have been read already; a hint. Any loop may call it.
func (a *ahead) Ahead() bool { return a.left.Load() > 0 }

// take returns the oldest read; false: there is none.
func (a *ahead) take() (r read, ok bool) {
	if len(a.reads) == 0 {
		return r, false
	}
	r = a.reads[0]
	a.reads = a.reads[:copy(a.reads, a.reads[1:])]
	a.left.Store(int32(len(a.reads)))
	return r, true
}

// release gives back what no leg is made of any more.
func (a *ahead) release() {
	for r, ok := a.take(); ok; r, ok = a.take() {
		r.buf.Release()
	}
}

// readsAhead reports whether legs of at most so many bytes, from a buffer like this one, are read many at a time. Where the user limits
// their number, or wants a pause between them, the rest stays in the source.
func (in *Intake) readsAhead(buf *bufpool.Buffer, most int) bool {
	return len(buf.Bytes()) < referLeast && most < referLeast && in.gather && in.limit == 0 && !in.paced()
}

// readMany reads legs of most bytes into the buffer, which the first of them owns from then on, and into others.
func (in *Intake) readMany(shard int, buf *bufpool.Buffer, most int) (*window.Leg, Hunger, error) {
	from := len(in.reads)
	in.rooms = append(in.rooms[:0], buf.Bytes()[:most])
	for b := in.another(shard, most); b != nil; b = in.another(shard, most) {
		in.rooms = append(in.rooms, b.Bytes()[:most])
		in.reads = append(in.reads, read{buf: b})
	}
	n, err := in.fill(in.rooms)
	first := min(n, most)
	for left, kept := n-first, in.reads[from:]; len(kept) > 0; kept = kept[1:] {
		kept[0].bytes = min(left, most)
		left -= kept[0].bytes
	}
	for last := len(in.reads) - 1; last >= from && in.reads[last].bytes == 0; last-- {
		in.reads[last].buf.Release()
		in.reads = in.reads[:last]
	}
	in.left.Store(int32(len(in.reads)))
	if n == 0 {
		return in.nothing(err)
	}
	return in.copied(buf, first), Fed, nil
}

// another returns one more buffer to read into; nil: there are enough, or none is left.
func (in *Intake) another(shard, most int) *bufpool.Buffer {
	if len(in.rooms)*most >= aheadMost {
		return nil
	}
	return in.pool.Get(shard)
}
