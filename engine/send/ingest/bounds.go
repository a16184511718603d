package ingest

import (
	"sync/atomic"
	"time"

	"viamillipede/engine/loop"
	"viamillipede/engine/schedule"
	"viamillipede/netio"
)

// bounds are the limits that the user sets for legs, whatever the source: their number (leglimit), a pause before each but the
// first (delayus), and how many bytes they have in a second (limit); and how long a stream made here lasts. They belong to the
// holder of the ingest turn, except due.
//
// While a source has nothing to read, nobody looks, so time alone would not end its stream.
type bounds struct {
	limit int64         // legs of the stream; 0: any number
	delay time.Duration // between two legs
	rate  atomic.Uint64 // of their bytes, a second, as the user sets it at any time; 0: any
	lasts time.Duration // of the stream, from its first leg on; 0: no limit
	legs  int64         // so far
	first time.Time     // when the first of them was taken
	begun time.Time     // what due counts from
	due   atomic.Int64  // when the next leg may come, nanoseconds after begun; any loop reads it
}

// bar returns what keeps the next leg back; Fed: nothing.
func (b *bounds) bar(now time.Time) Hunger {
	switch {
	case b.limit > 0 && b.legs == b.limit:
		return NoMore
	case b.lasts > 0 && b.legs > 0 && now.Sub(b.first) >= b.lasts:
		return NoMore
	case b.paced() && now.Sub(b.begun) < time.Duration(b.due.Load()):
		return Paused
	}
	return Fed
}

// paced reports whether a leg may have to wait for its time, so that none is read before that.
func (b *bounds) paced() bool { return b.delay > 0 || b.rate.Load() > 0 }

func (b *bounds) pace() schedule.Pace { return schedule.PaceOf(b.rate.Load()) }

// Limit is the most that is read in a second, in bytes; 0: any number. Any goroutine may call it, and SetLimit.
func (b *bounds) Limit() uint64 { return b.rate.Load() }

// SetLimit changes it. A leg that waits for its time as the old limit says may come at once.
func (b *bounds) SetLimit(rate uint64) (was uint64) {
	was = b.rate.Swap(rate)
	due := b.due.Load()
	if now := int64(time.Since(b.begun)); now < due {
		b.due.CompareAndSwap(due, now)
	}
	return was
}

// count counts a leg, which has so many bytes to be sent.
func (b *bounds) count(now time.Time, bytes int) {
	at := now.Sub(b.begun)
	if b.legs == 0 {
		b.first = now
		b.due.Store(int64(at)) // the time before that is nothing to make up for
	}
	b.legs++
	b.due.Store(int64(max(at+b.delay, b.pace().Next(time.Duration(b.due.Load()), at, bytes))))
}

// Pause is how a loop waits for the time of the next leg, because epoll alone only knows milliseconds. The zero pause has not waited yet.
type Pause struct{ timer *netio.Timer }

// Ready does nothing: the dispatch at the end of the round does the rest.
func (Pause) Ready(uint32) {}

// Open makes a timer for the loop, if it has none; on its thread, or before it runs.
func (p *Pause) Open(l *loop.Loop) (err error) {
	if p.timer != nil {
		return nil
	}
	if p.timer, err = netio.NewTimer(); err != nil {
		return err
	}
	_, err = l.Watch(p.timer.FD(), netio.Readable|netio.Edge, p)
	return err
}

// Close gives the timer back, if there is one; after the loop has closed.
func (p *Pause) Close() {
	if p.timer != nil {
		p.timer.Close()
	}
}

// PauseFor makes a round of the pause's loop, whose thread calls it, begin when the next leg may come.
func (b *bounds) PauseFor(p *Pause, l *loop.Loop) error {
	if err := p.Open(l); err != nil {
		return err
	}
	return p.timer.Set(time.Duration(b.due.Load()) - time.Since(b.begun))
}
