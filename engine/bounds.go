package engine

import (
	"sync/atomic"
	"time"

	"viamillipede/netio"
)

// bounds are what the user sets legs, whatever the source: so many of them (leglimit), and a pause before each but the first
// (delayus); and how long a stream lasts that is made here. They belong to whoever has the ingest turn, but for due.
//
// A source that has nothing to read makes nobody look, so that time alone would not end its stream.
type bounds struct {
	limit int64         // legs of the stream; 0 is any number
	delay time.Duration // between two legs
	lasts time.Duration // of the stream, from its first leg on; 0 is any time
	legs  int64         // so far
	first time.Time     // when the first of them was taken
	begun time.Time     // what due counts from
	due   atomic.Int64  // when the next leg may come, nanoseconds after begun; any loop reads it
}

// look reports what keeps the next leg back; fed is nothing.
func (b *bounds) look(now time.Time) hunger {
	switch {
	case b.limit > 0 && b.legs == b.limit:
		return noMore
	case b.lasts > 0 && b.legs > 0 && now.Sub(b.first) >= b.lasts:
		return noMore
	case b.delay > 0 && now.Sub(b.begun) < time.Duration(b.due.Load()):
		return paused
	}
	return fed
}

// took counts a leg.
func (b *bounds) took(now time.Time) {
	if b.legs == 0 {
		b.first = now
	}
	b.legs++
	b.due.Store(int64(now.Sub(b.begun) + b.delay))
}

// pause is how a loop waits for the time of the next leg: epoll alone knows milliseconds only. Its zero value is of a stream
// without pauses.
type pause struct{ timer *netio.Timer }

// ready does nothing: the round's dispatch does the rest.
func (pause) Ready(uint32) {}

// openPause gets a timer for the loop, where there will be pauses.
func (l *txloop) openPause() (err error) {
	if l.s.cfg.Delay == 0 {
		return nil
	}
	if l.pause.timer, err = netio.NewTimer(); err != nil {
		return err
	}
	_, err = l.Watch(l.pause.timer.FD(), netio.Readable|netio.Edge, l.pause)
	return err
}

func (l *txloop) closePause() {
	if l.pause.timer != nil {
		l.pause.timer.Close()
	}
}

// waitPause has a round begin when the next leg may come.
func (l *txloop) waitPause() {
	b := &l.s.in.bounds
	if err := l.pause.timer.Set(time.Duration(b.due.Load()) - time.Since(b.begun)); err != nil {
		l.s.fail(fail(StatusLocalPipe, err, "cannot wait"))
	}
}
