package engine

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/engine/wire"
)

// window holds the legs sent and not yet received by the peer, and knows how many more may be sent.
//
//	     base                        next       delivered + credit
//	      |  legs kept, with holes    |  may be sent   |
//	------+---------------------------+----------------+---- leg numbers
//	   all received               not read yet
//
// Numbers start at first and may wrap; comparisons are by distance.
type window struct {
	mu        sync.Mutex
	slots     []*leg   // by number & mask: nil once received
	mask      uint64   //
	base      uint64   // every leg before it is received
	next      uint64   // the next new leg's number
	delivered uint64   // every leg before it is delivered
	credit    uint64   // legs that may be sent beyond delivered
	again     []uint64 // legs to send once more, sorted by distance from base

	waiting atomic.Int32 // len(again), to look at without the lock
	resent  counter
	rescued counter // of these, while another link still had the leg
	sent    uint64  // bytes of new legs

	kept  int64 // bytes of the legs kept
	limit int64 // bytes that may be kept; see pace
	most  int64 // the limit's own limit
}

// counter counts legs and bytes; guarded by whoever has it.
type counter struct{ legs, bytes uint64 }

func (c *counter) add(bytes int) { c.legs++; c.bytes += uint64(bytes) }

// newWindow makes a window for a peer that takes credit legs beyond what it delivered, of at most so many bytes.
func newWindow(credit int, first uint64, most int64) *window {
	size := 4
	for size < credit {
		size *= 2
	}
	return &window{
		slots: make([]*leg, size), mask: uint64(size - 1),
		base: first, next: first, delivered: first, credit: uint64(credit), limit: min(limitLeast, most), most: most,
	}
}

// limitLeast is what may wait at the peer, received by its kernel and not by its program, before new legs have to wait
// here, in bytes. More would only make every buffer cold: 2 MiB leave the receiver enough to do and stay within the cache.
const limitLeast = 2 << 20

// pace sets how much may be kept, from what the links excuse: bytes that are in the network or on their way there. So a
// slow path that holds its legs for long leaves the others their share, and a faster network doubles the limit with each
// round trip until it is full. The limit sinks slowly, so that a pause does not cost a new start.
func (w *window) pace(allowed int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	want := min(limitLeast+allowed, w.most)
	if want > w.limit {
		w.limit = want
		return
	}
	w.limit -= (w.limit - want) / 16
}

// open reports whether the peer has room for one more new leg.
func (w *window) open() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.next-w.delivered < w.credit && w.kept < w.limit
}

// add puts a new leg into the window, numbers it, and counts the caller's link as its carrier. The caller holds the ingest
// turn, has seen open return true since it got it, and becomes a holder of the leg besides the window.
func (w *window) add(l *leg) {
	l.holds.Store(2)
	w.mu.Lock()
	defer w.mu.Unlock()
	l.number = w.next
	l.carriers, l.waiting, l.by = 1, false, nobody
	l.times.Store(1)
	w.slots[l.number&w.mask] = l
	w.next++
	w.kept += int64(l.length)
	w.sent += uint64(l.length)
}

// take gives the caller's link the first leg that must be sent again, and makes the caller a holder of it; nil when there
// is none.
func (w *window) take() *leg {
	if w.waiting.Load() == 0 {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.again) > 0 {
		n := w.again[0]
		w.again = w.again[1:]
		w.waiting.Store(int32(len(w.again)))
		l := w.leg(n)
		if l == nil || !l.waiting {
			continue
		}
		l.waiting, l.by = false, nobody
		l.carriers++
		l.holds.Add(1)
		if l.times.Add(1) > 1 {
			w.resent.add(l.length)
		}
		return l
	}
	return nil
}

// onItsWay notes which link has begun to send the leg of that number, and when, unless the peer has it already.
func (w *window) onItsWay(number uint64, link int, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if l := w.leg(number); l != nil {
		l.by, l.since = link, now
	}
}

// rescue gives the caller's link, which has nothing else to do, the oldest leg that is on its way on one other link since
// before the given time: whichever copy arrives first counts. nil when there is none. The caller becomes a carrier and a
// holder.
func (w *window) rescue(link int, before time.Time) *leg {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.rescued.bytes > w.sent/rescueShare+rescueLeast {
		return nil
	}
	for n := w.base; n != w.next; n++ {
		l := w.leg(n)
		if l == nil || l.waiting || l.carriers != 1 || l.by == link || l.by == nobody || !l.since.Before(before) {
			continue
		}
		l.carriers++
		l.times.Add(1)
		l.holds.Add(1)
		w.resent.add(l.length)
		w.rescued.add(l.length)
		return l
	}
	return nil
}

// Bounds on what rescues may cost: a share of the bytes sent, and a few legs before there are many.
const (
	rescueShare = 40
	rescueLeast = 4 << 20 // bytes
)

// giveBack undoes a take or an add of which the link has sent nothing: the leg waits for another link. The caller is no
// holder any more.
func (w *window) giveBack(l *leg) {
	w.mu.Lock()
	if l.times.Load() > 1 {
		w.resent.legs--
		w.resent.bytes -= uint64(l.length)
	}
	if l.carriers > 1 {
		w.rescued.legs--
		w.rescued.bytes -= uint64(l.length)
	}
	l.times.Add(-1)
	w.abandon(l.number)
	w.mu.Unlock()
	l.drop()
}

// lost says that a link which carried the legs is gone: those that no other link carries are sent again. It returns how
// many.
func (w *window) lost(numbers []uint64) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, number := range numbers {
		if w.abandon(number) {
			n++
		}
	}
	return n
}

// abandon counts one carrier less, and queues the leg when that was the last; under mu.
func (w *window) abandon(number uint64) bool {
	l := w.leg(number)
	if l == nil {
		return false
	}
	l.carriers--
	if l.carriers > 0 || l.waiting {
		return false
	}
	l.waiting = true
	at, _ := slices.BinarySearchFunc(w.again, number-w.base, func(a, distance uint64) int {
		return int(int64((a - w.base) - distance))
	})
	w.again = slices.Insert(w.again, at, number)
	w.waiting.Store(int32(len(w.again)))
	return true
}

// leg is the leg of that number, nil once it is received; under mu.
func (w *window) leg(number uint64) *leg {
	if number-w.base >= w.next-w.base {
		return nil
	}
	return w.slots[number&w.mask]
}

// acked takes in what the peer says it has: legs received are dropped, delivered legs give credit. It reports whether
// anything was new. An error means that the peer claims what was never sent.
func (w *window) acked(a wire.Ack) (news bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	sent := w.next - w.base
	if ahead := a.Received - w.base; int64(ahead) > int64(sent) {
		return false, fmt.Errorf("peer acknowledges leg %d of %d sent", a.Received, w.next)
	}
	if int64(a.Delivered-a.Received) > 0 {
		return false, fmt.Errorf("peer delivered leg %d before it received it", a.Delivered)
	}
	for int64(a.Received-w.base) > 0 {
		news = w.receive(w.base) || news
		w.base++
	}
	for i, word := range a.Bitmap {
		for bit := 0; word != 0; bit, word = bit+1, word>>1 {
			if word&1 == 1 {
				news = w.receive(a.Received+1+uint64(i*64+bit)) || news
			}
		}
	}
	if int64(a.Delivered-w.delivered) > 0 {
		w.delivered = a.Delivered
		news = true
	}
	return news, nil
}

// receive drops the leg unless it was received before; under mu.
func (w *window) receive(number uint64) bool {
	l := w.leg(number)
	if l == nil {
		return false
	}
	w.slots[number&w.mask] = nil
	w.kept -= int64(l.length)
	l.waiting = false
	l.drop()
	return true
}

// release lets go of the legs that are still kept, when the stream is over: the word that all is delivered may come before
// the last ack.
func (w *window) release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for n := w.base; n != w.next; n++ {
		w.receive(n)
	}
}

// prune removes the received legs from the front of a link's list and returns the rest.
func (w *window) prune(numbers []uint64) []uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(numbers) > 0 && w.leg(numbers[0]) == nil {
		numbers = numbers[1:]
	}
	return numbers
}

// windowState is a snapshot for reports.
type windowState struct {
	base, next, delivered, credit uint64
	kept, limit                   int64
	waiting                       int
	resent                        counter
}

func (w *window) state() windowState {
	w.mu.Lock()
	defer w.mu.Unlock()
	return windowState{w.base, w.next, w.delivered, w.credit, w.kept, w.limit, len(w.again), w.resent}
}
