// Package ring puts legs that arrive in any order, on any link, back into order. It takes no lock and allocates
// nothing after New.
//
// The numbers, in the order of the stream:
//
//	... consumed ...|... published, no gap ...|    published and missing    |      missing      | refused
//	                Next                      Received                      end                 Next+credit
//
// Who may do what:
//
//	publishers   any number of goroutines   Publish
//	consumer     one at a time              Head, Advance
//	anybody                                 Ready, Next, Received, Has, Bitmap, Depth
//
// The consumer's part may pass from goroutine to goroutine, provided that the one that hands it over does so through
// an atomic or a lock that the other one reads.
//
// # The slots
//
// Leg n has the index n-origin, where origin is the first leg of the ring. The low bits of the index name the slot, the
// high bits the lap. A slot holds a value and one word, which is the lap with a state in the low bits (a ring has at
// least four slots, so two bits are free, and a ring full of zeroes is an empty one):
//
//	 63                                    2 1     0
//	+---------------------------------------+-------+
//	| lap of the leg that the slot is for   | state |
//	+---------------------------------------+-------+
//
//	state       next state             who moves it there           who owns the value
//	0 empty     claimed                publisher, compare and swap  nobody
//	1 claimed   full                   the same publisher, store    that publisher
//	2 full      empty, the lap after   the consumer, store          the consumer
//
// The store of full publishes the value; the store of empty gives the slot back. A word only ever grows.
//
// # Why a late copy does no harm
//
// Say leg n was consumed and a second copy of it wakes up on a link that was stalled. The only way into a slot is the
// compare and swap from "empty, lap of n", and the consumer left "empty, the lap after" (slots are reused one whole
// ring later, by leg n+slots, whose lap differs). Words grow, so "empty, lap of n" does not return: the swap fails, no
// matter how long ago the late publisher looked at the slot or at Next. The copy is a Duplicate.
//
// # Why a leg inside the credit finds its slot free
//
// The consumer gives the slot of leg m back before it raises Next above m. Leg n is admitted when n < Next+credit, and
// credit is at most slots, so n-slots < Next: the former user of the slot is gone, and the slot is in the lap of n or,
// if n too was consumed meanwhile, in a later one. A publisher that reads an old Next is stricter than it need be,
// never laxer; a peer learns of credit from a Next that was stored before, so its legs are not refused for that.
//
// # Why the wrap does no harm
//
// Numbers are used in three ways: as a difference of two numbers, as slot, as lap. Differences modulo 1<<64 are right
// over the wrap (see Seq). The number of slots is a power of two and divides 1<<64, so the slot and lap that follow the
// last ones before the wrap are 0 and 0, as if the counter had one more bit. A word would meet its own former value
// after 1<<64 legs: at a thousand million legs a second, in 584 years.
package ring

import (
	"math/bits"
	"strconv"
	"sync/atomic"
)

// MaxCredit is the most that New takes, in legs: a window of 64 GiB in legs of a page has 1<<24.
const MaxCredit = 1 << 28

const (
	minSlots = 4 // leaves two bits below the lap for the state

	empty     = 0
	claimed   = 1
	full      = 2
	stateMask = minSlots - 1

	// Two lines of 64 bytes: processors that fetch lines in pairs make neighbours share as well.
	cacheLine = 128
)

// Outcome is what became of a leg given to Publish.
type Outcome int

const (
	// Published: the ring holds the value now, and the consumer will get it.
	Published Outcome = iota
	// Duplicate: this leg was published before, or is being published by somebody else at this moment.
	Duplicate
	// Beyond: the leg is not below Next+credit; a peer that sends it breaks its credit.
	Beyond
)

func (o Outcome) String() string {
	switch o {
	case Published:
		return "published"
	case Duplicate:
		return "duplicate"
	case Beyond:
		return "beyond"
	}
	return "outcome " + strconv.Itoa(int(o))
}

// slot is 16 bytes and not a cache line of its own: it is written three times in the life of a leg, and a scan of the
// ring (Bitmap) reads four of them per line.
type slot[T any] struct {
	word  atomic.Uint64 // lap | state
	value *T            // owned as the state says
}

// Ring holds the legs from Next to Next+credit-1. The four counters are written by different goroutines, or at
// different rates, and have a cache line each.
type Ring[T any] struct {
	slots  []slot[T]
	mask   uint64 // len(slots)-1
	credit int64
	origin Seq // leg with index 0

	_        [cacheLine]byte
	next     atomic.Uint64 // Seq; written by the consumer
	_        [cacheLine - 8]byte
	received atomic.Uint64 // Seq; at most the lowest number not published; raised by whoever asks
	_        [cacheLine - 8]byte
	end      atomic.Uint64 // Seq; one past the highest number published; raised by publishers
	_        [cacheLine - 8]byte
}

// New returns an empty ring whose first leg is first, and which admits credit legs beyond what was consumed. It panics
// unless credit is 1 to MaxCredit. Memory: 16 bytes for each leg of credit, rounded up to a power of two.
func New[T any](credit int, first Seq) *Ring[T] {
	if credit < 1 || credit > MaxCredit {
		panic("ring: credit of " + strconv.Itoa(credit) + " legs, expected 1 to " + strconv.Itoa(MaxCredit))
	}
	slots := uint64(1) << bits.Len64(uint64(max(credit, minSlots)-1))
	r := &Ring[T]{slots: make([]slot[T], slots), mask: slots - 1, credit: int64(credit), origin: first}
	r.next.Store(uint64(first))
	r.received.Store(uint64(first))
	r.end.Store(uint64(first))
	return r
}

// Publish gives leg n to the ring. Any goroutine may call it; v must not be nil. When it returns Published the ring
// owns v, and Head, Has, Received and Bitmap know of the leg. Otherwise v is still the caller's.
//
// Duplicate may be returned shortly before the other copy can be seen; that copy's publisher cannot turn back.
func (r *Ring[T]) Publish(n Seq, v *T) Outcome {
	if v == nil {
		panic("ring: Publish of nil")
	}
	ahead := n.Distance(r.Next())
	if ahead < 0 {
		return Duplicate
	}
	if ahead >= r.credit {
		return Beyond
	}
	s, lap := r.at(n)
	if !s.word.CompareAndSwap(lap|empty, lap|claimed) {
		return Duplicate
	}
	s.value = v
	s.word.Store(lap | full)
	raise(&r.end, n+1)
	return Published
}

// Head returns leg Next if it was published, else nil. The leg stays in the ring, which lends it until Advance.
// Consumer only.
func (r *Ring[T]) Head() *T {
	s, lap := r.at(r.Next())
	if s.word.Load() != lap|full {
		return nil
	}
	return s.value
}

// Advance gives the head leg to the consumer and frees its slot; Next grows by one. It panics if Head is nil. Consumer
// only.
func (r *Ring[T]) Advance() {
	n := r.Next()
	s, lap := r.at(n)
	if s.word.Load() != lap|full {
		panic("ring: Advance without a head")
	}
	s.value = nil
	s.word.Store(lap + uint64(len(r.slots)) | empty) // before Next grows: see the package comment
	r.next.Store(uint64(n + 1))
}

// at gives the slot that leg n uses, and the lap in which it does.
func (r *Ring[T]) at(n Seq) (*slot[T], uint64) {
	index := uint64(n - r.origin)
	return &r.slots[index&r.mask], index &^ r.mask
}

// raise sets a to n unless it is there or further, and returns what a is then.
func raise(a *atomic.Uint64, n Seq) Seq {
	for {
		was := a.Load()
		if !Seq(was).Before(n) {
			return Seq(was)
		}
		if a.CompareAndSwap(was, uint64(n)) {
			return n
		}
	}
}
