// Package window keeps the legs of a stream at its sending end, each until the peer has received it. It says which of them to
// send again, and how many more there may be. It knows links only by number.
//
//	window.go   what may be sent, and what the peer says it has
//	again.go    what is sent again: legs of links that are lost, and legs that are late
//	leg.go      a leg, and where its bytes are
//	flow.go     how many legs a second the stream has
//	state.go    accounts of the window
package window

import (
	"fmt"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/engine/wire"
)

// Window holds the legs sent and not yet received by the peer, and knows how many more may be sent.
//
//	     base                        next       delivered + credit
//	      |  legs kept, with holes    |  may be sent   |
//	------+---------------------------+----------------+---- leg numbers
//	   all received               not read yet
//
// Numbers start at first and may wrap; comparisons are by distance.
//
// Any loop's thread may call its methods. A link is named by its index in the stream, a path by its place in the user's order,
// from 0. Times are the caller's: the start of its round.
type Window struct {
	mu        sync.Mutex // comes after every lock of the callers'; legs release buffers and pipes under it. Guards what is not atomic
	slots     []*Leg     // by number & mask: nil once received
	mask      uint64     //
	base      uint64     // every leg before it is received
	next      uint64     // the next new leg's number
	delivered uint64     // every leg before it is delivered
	credit    uint64     // legs that may be sent beyond delivered
	again     []uint64   // legs to send once more, sorted by distance from base
	offers    []uint64   // legs that are late on the link that has them, and that any other may send too; sorted likewise

	waiting atomic.Int32 // len(again), to be read without the lock
	late    atomic.Int32 // len(offers), likewise
	resent  Counter
	rescued Counter // of these, while another link still had the leg
	sent    uint64  // bytes of new legs

	begun atomic.Bool // the peer has received a leg

	kept  int64 // bytes of the legs kept
	limit int64 // bytes that may be kept; see pace
	most  int64 // the upper bound of limit

	flow flow
	head headWatch
	full fullWatch
}

// Counter counts legs and bytes; its owner guards it.
type Counter struct{ Legs, Bytes uint64 }

func (c *Counter) add(bytes int) { c.Legs++; c.Bytes += uint64(bytes) }

// noLink is the carrier of a leg that no link has.
const noLink = -1

// MaxPaths bounds the paths of a stream.
const MaxPaths = 64

// New makes a window for a peer that accepts credit legs (1 or more) beyond those it has delivered. The window keeps at most
// most bytes; the first leg gets the number first.
func New(credit int, first uint64, most int64) *Window {
	size := 4
	for size < credit {
		size *= 2
	}
	return &Window{
		slots: make([]*Leg, size), mask: uint64(size - 1),
		base: first, next: first, delivered: first, credit: uint64(credit), limit: min(limitLeast, most), most: most,
	}
}

// limitLeast is what may wait at the peer, received by its kernel and not by its program, before new legs have to wait
// here, in bytes. More would only make every buffer cold: 2 MiB leave the receiver enough to do and stay within the cache.
const limitLeast = 2 << 20

// Pace sets how much may be kept, from what the links justify: bytes that are in the network or on their way there. So a
// slow path that holds its legs for long leaves the others their share, and on a faster network the limit doubles with each
// round trip until the network is full. The limit falls slowly, so that the stream need not start again after a pause.
//
// It returns the stream's highest recent rate in legs per second.
func (w *Window) Pace(allowed int64) (legs float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	want := min(limitLeast+allowed, w.most)
	if want > w.limit {
		w.limit = want
		return w.flow.legs
	}
	w.limit -= (w.limit - want) / 16
	return w.flow.legs
}

// Resends reports whether some leg waits to be sent again: a hint. Any thread may ask, without the lock.
func (w *Window) Resends() bool { return w.waiting.Load() > 0 }

// Open reports whether the peer has room for one more new leg.
func (w *Window) Open() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.next-w.delivered < w.credit && w.kept < w.limit
}

// Pressed reports whether the window keeps a new leg back because one that was sent early has not arrived.
func (w *Window) Pressed(now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	short := w.short()
	w.full.look(short, now)
	return short
}

// Heads reports whether the first of the legs is the oldest that the peer has not received.
func (w *Window) Heads(numbers []uint64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(numbers) > 0 && numbers[0] == w.base
}

// short is Pressed, under mu: the window is used up, and not by legs that the peer could deliver at once.
func (w *Window) short() bool {
	return (w.next-w.delivered >= w.credit || w.kept >= w.most) && w.base-w.delivered <= w.credit/4
}

// Add puts a new leg into the window, numbers it, and counts the caller's link as its carrier. The caller holds the ingest
// turn, has seen Open return true since it got the turn, and becomes a holder of the leg besides the window.
func (w *Window) Add(l *Leg, now time.Time) {
	l.holds.Store(2)
	w.mu.Lock()
	defer w.mu.Unlock()
	l.Number = w.next
	l.carriers, l.waiting, l.offered, l.by, l.late = 1, false, false, noLink, noLink
	if w.base == w.next {
		w.head.begin(now)
	}
	w.flow.look(w.next, now)
	l.times.Store(1)
	w.slots[l.Number&w.mask] = l
	w.next++
	w.kept += int64(l.Length)
	w.sent += uint64(l.Length)
}

// leg is the leg of that number, nil once it is received; under mu.
func (w *Window) leg(number uint64) *Leg {
	if number-w.base >= w.next-w.base {
		return nil
	}
	return w.slots[number&w.mask]
}

// Acked applies an ack: received legs are dropped, delivered legs give credit. It reports whether anything was new. An error
// means that the peer claims what cannot be.
func (w *Window) Acked(a wire.Ack, now time.Time) (news bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	sent := w.next - w.base
	if ahead := a.Received - w.base; int64(ahead) > int64(sent) {
		return false, fmt.Errorf("peer acknowledges leg %d of %d sent", a.Received, w.next)
	}
	if int64(a.Delivered-a.Received) > 0 {
		return false, fmt.Errorf("peer delivered leg %d before it received it", a.Delivered)
	}
	if top := highest(a); int64(top-w.base) >= int64(sent) {
		return false, fmt.Errorf("peer acknowledges leg %d of %d sent", top, w.next)
	}
	defer func() { w.full.look(w.short(), now) }()
	for first := true; int64(a.Received-w.base) > 0; first = false {
		if l := w.leg(w.base); first && l != nil {
			w.head.end(l.path, now)
		}
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

// highest is the last leg that an ack names in its bitmap; if none, the last of those that it acknowledges in sequence.
func highest(a wire.Ack) uint64 {
	for i, word := range slices.Backward(a.Bitmap) {
		if word != 0 {
			return a.Received + uint64(i*64+bits.Len64(word))
		}
	}
	return a.Received - 1
}

// receive drops the leg unless it was received before; under mu.
func (w *Window) receive(number uint64) bool {
	l := w.leg(number)
	if l == nil {
		return false
	}
	w.slots[number&w.mask] = nil
	w.begun.Store(true)
	w.kept -= int64(l.Length)
	l.waiting = false
	l.Drop()
	return true
}

// Has reports whether the leg of that number is sent and not received.
func (w *Window) Has(number uint64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.leg(number) != nil
}

// Pending reports whether some leg is sent and not received.
func (w *Window) Pending() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.base != w.next
}

// Release drops the legs that are still kept when the stream is over: news that all is delivered may come before the last
// ack.
func (w *Window) Release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for n := w.base; n != w.next; n++ {
		w.receive(n)
	}
}

// Prune removes the received legs from the front of a link's list and returns the rest.
func (w *Window) Prune(numbers []uint64) []uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(numbers) > 0 && w.leg(numbers[0]) == nil {
		numbers = numbers[1:]
	}
	return numbers
}

// Begun reports whether the peer has received a leg.
func (w *Window) Begun() bool { return w.begun.Load() }

// Arrived is how many bytes of the stream the peer has received, those of bare legs not counted.
func (w *Window) Arrived() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sent - uint64(w.kept)
}
