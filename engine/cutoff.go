package engine

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/netio"
)

// A stream that fails leaves a file that ends with what was delivered, even if legs came early and were written behind a gap.
// The file is cut when the loops have ended, or, for a program that ends at once, while they run.

// cutting keeps legs out of a file once it has been cut.
type cutting struct {
	placing sync.RWMutex // held for reading while a leg is written to its place
	sealed  bool         // guarded by placing
	cut     atomic.Bool  // the file has been cut, or that was tried
}

var errSealed = errors.New("the stream is cut off")

// emptyAt is netio.Sink.EmptyAt, until the file is cut.
func (e *egress) emptyAt(p *netio.Pipe, offset int64) error {
	e.placing.RLock()
	defer e.placing.RUnlock()
	if e.sealed {
		return errSealed
	}
	return e.sink.EmptyAt(p, offset)
}

// cutOff makes a file end with what was delivered, unless the end of the stream, or an earlier call, has done so.
func (r *Receiver) cutOff() {
	e := &r.out
	if !e.settles(r.time.Farewell) || e.cut.Swap(true) {
		return
	}
	if err := e.leave(); err != nil {
		observe.Tell(r.observer, observe.SinkNotCut{Err: err})
	}
}

// Cut makes a file that the stream goes to end with what has been delivered, and stops all writing to it. It is for a program
// that ends at once, and does not wait for Run. It returns after atMost, whatever the file does. Any goroutine may call it.
func (r *Receiver) Cut(atMost time.Duration) {
	if !r.curtain.look(func() { r.cutWithin(atMost) }) {
		awaitAll(r.gone, 1, atMost) // Run is about to do it, or has done it
	}
}

// cutWithin does the work of Cut, at the end of Run too.
func (r *Receiver) cutWithin(atMost time.Duration) {
	cut := make(chan struct{}, 1)
	go func() {
		defer caught("the end of a file", r.observer, func(*Error) {})
		r.out.seal(atMost / 2)
		r.cutOff()
		cut <- struct{}{}
	}()
	awaitAll(cut, 1, atMost)
}

// seal takes the delivery turn for good, and every place in the file. Whoever holds the turn for longer than atMost is stuck in
// a write of its own, which continues what was delivered.
func (e *egress) seal(atMost time.Duration) {
	for end := time.Now().Add(atMost); !e.turn.CompareAndSwap(false, true) && time.Now().Before(end); {
		time.Sleep(schedule.SealPause)
	}
	e.closePlaces()
}

// closePlaces lets no further leg go to its own place, and waits for those on their way there.
func (e *egress) closePlaces() {
	e.placing.Lock()
	defer e.placing.Unlock()
	e.sealed = true
}
