package engine

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
	mu        sync.Mutex // comes after every lock of the callers'; under it legs let go of buffers and pipes. It guards what is not atomic
	slots     []*Leg     // by number & mask: nil once received
	mask      uint64     //
	base      uint64     // every leg before it is received
	next      uint64     // the next new leg's number
	delivered uint64     // every leg before it is delivered
	credit    uint64     // legs that may be sent beyond delivered
	again     []uint64   // legs to send once more, sorted by distance from base
	offers    []uint64   // legs that are late on the link that has them: any other may send them too; sorted likewise

	waiting atomic.Int32 // len(again), to look at without the lock
	late    atomic.Int32 // len(offers), likewise
	resent  Counter
	rescued Counter // of these, while another link still had the leg
	sent    uint64  // bytes of new legs

	kept  int64 // bytes of the legs kept
	limit int64 // bytes that may be kept; see pace
	most  int64 // the limit's own limit

	flow flow
	head headWatch
	full fullWatch
}

// Counter counts legs and bytes; guarded by whoever has it.
type Counter struct{ Legs, Bytes uint64 }

func (c *Counter) add(bytes int) { c.Legs++; c.Bytes += uint64(bytes) }

// noLink is the carrier of a leg that none has.
const noLink = -1

// MaxPaths bounds the paths of a stream.
const MaxPaths = 64

// New makes a window for a peer that takes credit legs (1 or more) beyond what it delivered, of at most so many bytes. The
// first leg's number is given.
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

// Pace sets how much may be kept, from what the links excuse: bytes that are in the network or on their way there. So a
// slow path that holds its legs for long leaves the others their share, and a faster network doubles the limit with each
// round trip until it is full. The limit sinks slowly, so that a pause does not cost a new start.
//
// It returns how many legs a second the stream has lately had at its fastest.
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

// Pressed reports whether a new leg is held back for want of window, since one that was sent early has not arrived.
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

// short is Pressed, under mu: the credit is used up, and not by legs that the peer could deliver at once.
func (w *Window) short() bool {
	return (w.next-w.delivered >= w.credit || w.kept >= w.most) && w.base-w.delivered <= w.credit/4
}

// Add puts a new leg into the window, numbers it, and counts the caller's link as its carrier. The caller holds the ingest
// turn, has seen Open return true since it got it, and becomes a holder of the leg besides the window.
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

// Resend gives the caller's link the first leg that must be sent again, and makes the caller a holder of it; nil when there
// is none, or one of more bytes than suits it.
func (w *Window) Resend(suits func(bytes int) bool) *Leg {
	if w.waiting.Load() == 0 {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.again) > 0 {
		l := w.leg(w.again[0])
		if l != nil && l.waiting && !suits(l.Length) {
			return nil
		}
		w.again = w.again[1:]
		w.waiting.Store(int32(len(w.again)))
		if l == nil || !l.waiting {
			continue
		}
		l.waiting, l.by, l.late = false, noLink, noLink
		l.carriers++
		l.holds.Add(1)
		if l.times.Add(1) > 1 {
			w.resent.add(l.Length)
		}
		return l
	}
	return nil
}

// OnItsWay notes which link, on which path, has begun to send the leg of that number, unless the peer has it already.
func (w *Window) OnItsWay(number uint64, link, path int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if l := w.leg(number); l != nil {
		l.by, l.path = link, path
	}
}

// Offer lets other links send a leg too that is late on the caller's link, the only one that has it. expects is when it
// should arrive there; the zero time is that nobody can tell. same is for links of the same path. false: somebody else
// has it, the peer has it, or rescues have had their share.
func (w *Window) Offer(number uint64, expects time.Time, same SameWay) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.leg(number)
	if l == nil || l.waiting || l.offered || l.carriers != 1 || w.spent() {
		return false
	}
	l.offered, l.expects, l.same = true, expects, same
	w.offers = w.insert(w.offers, number)
	w.late.Store(int32(len(w.offers)))
	return true
}

// Bar says anew for how long links of the same path are of no use to a leg that was offered.
func (w *Window) Bar(number uint64, same SameWay) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if l := w.leg(number); l != nil && l.offered {
		l.same = same
	}
}

// SameWay is until when links of the same path are of no use to a leg that is late.
type SameWay struct {
	Queued time.Time // all of them
	Moving time.Time // those that have shown no rate yet
}

// bars reports whether a link of the same path is of no use now; fresh is one that has shown no rate.
func (s SameWay) bars(fresh bool, now time.Time) bool {
	return now.Before(s.Queued) || fresh && now.Before(s.Moving)
}

// Rescue gives the caller's link, on the path given, the oldest leg offered by another link that it can bring sooner than that one, and soon, by
// what eta says: whichever copy arrives first counts. nil when there is none. The caller becomes a carrier and a holder; from
// is the path that the leg was late on.
func (w *Window) Rescue(link, path int, fresh bool, now time.Time, soon time.Duration, eta func(bytes int) time.Duration) (l *Leg, from int) {
	if w.late.Load() == 0 {
		return nil, 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.spent() {
		return nil, 0
	}
	w.offers = slices.DeleteFunc(w.offers, func(n uint64) bool {
		l := w.leg(n)
		return l == nil || l.waiting || l.carriers != 1 || !l.offered
	})
	defer func() { w.late.Store(int32(len(w.offers))) }()
	for i, n := range w.offers {
		l := w.leg(n)
		takes := eta(l.Length)
		if l.by == link || l.path == path && l.same.bars(fresh, now) || takes > soon || !l.expects.IsZero() && !now.Add(takes).Before(l.expects) {
			continue
		}
		w.offers = slices.Delete(w.offers, i, i+1)
		l.offered = false
		l.late, l.latePath = l.by, l.path
		l.carriers++
		l.times.Add(1)
		l.holds.Add(1)
		w.resent.add(l.Length)
		w.rescued.add(l.Length)
		return l, l.path
	}
	return nil, 0
}

// spent reports whether rescues have had their share; under mu.
func (w *Window) spent() bool { return w.rescued.Bytes > w.sent/rescueShare+rescueLeast }

// Bounds on what rescues may cost: a share of the bytes sent, and a few legs before there are many.
const (
	rescueShare = 50
	rescueLeast = 1 << 20 // bytes
)

// GiveBack undoes a take, a rescue or an add of which the link has sent nothing: the leg waits for another link, or is offered
// as before. The caller is no holder any more.
func (w *Window) GiveBack(l *Leg) {
	w.mu.Lock()
	if l.times.Load() > 1 {
		w.resent.Legs--
		w.resent.Bytes -= uint64(l.Length)
	}
	l.times.Add(-1)
	if l.carriers > 1 {
		w.rescued.Legs--
		w.rescued.Bytes -= uint64(l.Length)
		w.reoffer(l)
	}
	w.abandon(l.Number)
	w.mu.Unlock()
	l.Drop()
}

// reoffer puts a leg back among the offers, unless the peer has it; under mu.
func (w *Window) reoffer(l *Leg) {
	if w.leg(l.Number) != l || l.offered {
		return
	}
	l.offered = true
	w.offers = w.insert(w.offers, l.Number)
	w.late.Store(int32(len(w.offers)))
}

// Lost says that a link which carried the legs is gone: those that no other link carries are sent again. It returns how
// many. Those with which it helped out another link are as late there as before, and offered again.
func (w *Window) Lost(numbers []uint64, link int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, number := range numbers {
		if w.abandon(number) {
			n++
		} else if l := w.leg(number); l != nil && l.carriers == 1 && l.late != noLink && l.by == link {
			l.by, l.path, l.late = l.late, l.latePath, noLink
			w.reoffer(l)
		}
	}
	return n
}

// abandon counts one carrier less, and queues the leg when that was the last; under mu.
func (w *Window) abandon(number uint64) bool {
	l := w.leg(number)
	if l == nil {
		return false
	}
	l.carriers--
	if l.carriers > 0 || l.waiting {
		return false
	}
	l.waiting, l.offered = true, false
	w.again = w.insert(w.again, number)
	w.waiting.Store(int32(len(w.again)))
	return true
}

// insert puts the number into a list that is sorted by distance from base; under mu.
func (w *Window) insert(numbers []uint64, number uint64) []uint64 {
	at, _ := slices.BinarySearchFunc(numbers, number-w.base, func(a, distance uint64) int {
		return int(int64((a - w.base) - distance))
	})
	return slices.Insert(numbers, at, number)
}

// leg is the leg of that number, nil once it is received; under mu.
func (w *Window) leg(number uint64) *Leg {
	if number-w.base >= w.next-w.base {
		return nil
	}
	return w.slots[number&w.mask]
}

// Acked takes in what the peer says it has: legs received are dropped, delivered legs give credit. It reports whether
// anything was new. An error means that the peer claims what was never sent.
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

// highest is the last leg that the bitmap of an ack speaks of; where there is none, one below those that it says are received.
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

// Release lets go of the legs that are still kept, when the stream is over: the word that all is delivered may come before
// the last ack.
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

// Arrived is how many bytes of the stream the peer has received.
func (w *Window) Arrived() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sent - uint64(w.kept)
}

// State is a snapshot, for reports.
type State struct {
	Base      uint64 // every leg before it is received
	Next      uint64 // the next new leg's number
	Delivered uint64 // every leg before it is delivered
	Credit    uint64 // legs that may be sent beyond delivered
	Kept      int64  // bytes of the legs kept
	Limit     int64  // bytes that may be kept now
	Waiting   int    // legs to be sent again
	Resent    Counter
	Full      time.Duration           // for so long the window was too small
	Held      [MaxPaths]time.Duration // for so long the oldest leg was on each path
}

func (w *Window) State() State {
	w.mu.Lock()
	defer w.mu.Unlock()
	return State{
		Base: w.base, Next: w.next, Delivered: w.delivered, Credit: w.credit, Kept: w.kept, Limit: w.limit,
		Waiting: len(w.again), Resent: w.resent, Full: w.full.total, Held: w.head.held,
	}
}

// headWatch adds up for each path how long it had the head: the oldest leg that the peer has not received.
type headWatch struct {
	since time.Time
	held  [MaxPaths]time.Duration // by path
}

func (h *headWatch) begin(now time.Time) { h.since = now }

func (h *headWatch) end(path int, now time.Time) {
	h.held[path] += now.Sub(h.since)
	h.since = now
}

// fullWatch adds up how long the window was too small: see Window.short.
type fullWatch struct {
	since time.Time // zero: it is not
	total time.Duration
}

func (f *fullWatch) look(full bool, now time.Time) {
	switch {
	case full && f.since.IsZero():
		f.since = now
	case !full && !f.since.IsZero():
		f.total += now.Sub(f.since)
		f.since = time.Time{}
	}
}
