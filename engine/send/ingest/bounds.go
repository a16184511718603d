package ingest

import (
	"sync/atomic"
	"time"

	"viamillipede/engine/loop"
	"viamillipede/netio"
)

// bounds are the limits that the user sets for legs, whatever the source: their number (leglimit), and a pause before each but the
// first (delayus); and how long a stream made here lasts. They belong to the holder of the ingest turn, except due.
//
// While a source has nothing to read, nobody looks, so time alone would not end its stream.
type bounds struct {
	limit int64         // legs of the stream; 0: any number
	delay time.Duration // between two legs
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
	case b.delay > 0 && now.Sub(b.begun) < time.Duration(b.due.Load()):
		return Paused
	}
	return Fed
}

// count counts a leg.
func (b *bounds) count(now time.Time) {
	if b.legs == 0 {
		b.first = now
	}
	b.legs++
	b.due.Store(int64(now.Sub(b.begun) + b.delay))
}

// Pause is how a loop waits for the time of the next leg, because epoll alone only knows milliseconds. The zero pause is for a stream
// without pauses.
type Pause struct{ timer *netio.Timer }

// Ready does nothing: the dispatch at the end of the round does the rest.
func (Pause) Ready(uint32) {}

// Open makes a timer for the loop, if there will be pauses.
func (p *Pause) Open(l *loop.Loop, delay time.Duration) (err error) {
	if delay == 0 {
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

// PauseFor makes a round of the pause's loop begin when the next leg may come.
func (b *bounds) PauseFor(p *Pause) error {
	return p.timer.Set(time.Duration(b.due.Load()) - time.Since(b.begun))
}
