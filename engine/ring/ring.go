// Package ring puts legs that arrive in any order, on any link, back into order. It takes no lock and allocates
// nothing after New.
//
// The numbers (seq.go), in the order of the stream:
//
//	... consumed ...|... published, no gap ...|    published and missing    |      missing      | refused
//	                Next                      Received                      end                 Next+credit
//
// Who may do what:
//
//	Producer   any number of goroutines   Publish                                       producer.go
//	Consumer   one at a time              Head, Advance                                 consumer.go
//	Ring       anybody                    Ready, Next, Received, Has, Bitmap, Depth     view.go; ring.go has the slots
//
// The consumer's part may pass from goroutine to goroutine, provided that the one that hands it over does so through
// an atomic or a lock that the other one reads.
//
// # The slots
//
// The ring counts legs by an index of its own: leg n has the index n-origin, and origin is such that the first leg has
// firstIndex, which wraps to 0 after a few legs of any stream. The low bits of the index name the slot, the high bits the
// lap. A slot holds a value and one word, which is the lap with a state in the low bits (a ring has at least four slots,
// so two bits are free; a word of zero is that of an empty slot in the lap that begins with index 0):
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
// never laxer; a peer learns its credit from a Next that was stored before, so its legs are not refused because of that.
//
// # Why the wrap does no harm
//
// An index is used in three ways: as a difference of two of them, as slot, as lap. Differences modulo 1<<64 are right
// over the wrap (see Seq). The number of slots is a power of two and divides 1<<64, so the slot and lap that follow the
// last ones before the wrap are 0 and 0, as if the counter had one more bit. A word would meet its own former value
// after 1<<64 legs: at a thousand million legs a second, in 584 years. The number of a leg is its index plus a constant,
// and nothing but differences of numbers is used.
package ring

import (
	"math/bits"
	"strconv"
	"sync/atomic"
)

// MaxCredit is the most credit that New accepts, in legs: a window of 64 GiB in legs of a page has 1<<24.
const MaxCredit = 1 << 28

const (
	minSlots = 4 // leaves two bits below the lap for the state

	// firstIndex is where the index of a ring begins: a few legs before it wraps, so that every stream passes the wrap, and
	// fewer than minSlots, so that it does so in the first lap, and almost all slots begin as zeroes.
	firstIndex Seq = 1<<64 - 3

	empty     = 0
	claimed   = 1
	full      = 2
	stateMask = minSlots - 1

	// Two lines of 64 bytes: processors that fetch lines in pairs make neighbours share as well.
	cacheLine = 128
)

// slot is 16 bytes and not a cache line of its own: it is written three times in the life of a leg, and a scan of the
// ring (Bitmap) reads four of them per line.
type slot[T any] struct {
	word  atomic.Uint64 // lap | state
	value *T            // owned as the state says
}

// Ring holds the legs from Next to Next+credit-1. The three counters are written by different goroutines, or at
// different rates, and have a cache line each; they are indices.
type Ring[T any] struct {
	slots  []slot[T]
	mask   uint64 // len(slots)-1
	credit int64
	origin Seq // the number of the leg with index 0

	_        [cacheLine]byte
	next     atomic.Uint64 // written by the consumer
	_        [cacheLine - 8]byte
	received atomic.Uint64 // at most the lowest one not published; raised by whoever asks
	_        [cacheLine - 8]byte
	end      atomic.Uint64 // one past the highest one published; raised by producers
	_        [cacheLine - 8]byte
}

// New returns an empty ring whose first leg is first, and which admits credit legs beyond what was consumed. It panics
// unless credit is 1 to MaxCredit. Memory: 16 bytes for each leg of credit, rounded up to a power of two.
//
// in may be copied to whoever publishes; out is for the consumer alone.
func New[T any](credit int, first Seq) (r *Ring[T], in Producer[T], out Consumer[T]) {
	return newAt[T](credit, first, firstIndex)
}

// newAt is New with the index of the first leg.
func newAt[T any](credit int, first, begin Seq) (*Ring[T], Producer[T], Consumer[T]) {
	if credit < 1 || credit > MaxCredit {
		panic("ring: credit of " + strconv.Itoa(credit) + " legs, expected 1 to " + strconv.Itoa(MaxCredit))
	}
	slots := uint64(1) << bits.Len64(uint64(max(credit, minSlots)-1))
	r := &Ring[T]{slots: make([]slot[T], slots), mask: slots - 1, credit: int64(credit), origin: first - begin}
	r.next.Store(uint64(begin))
	r.received.Store(uint64(begin))
	r.end.Store(uint64(begin))
	for i := range Seq(slots) {
		if s, lap := r.at(begin + i); lap != 0 {
			s.word.Store(lap | empty)
		}
	}
	return r, Producer[T]{r}, Consumer[T]{r}
}

// index returns the index of leg n.
func (r *Ring[T]) index(n Seq) Seq { return n - r.origin }

// first returns the index of the leg that is consumed next.
func (r *Ring[T]) first() Seq { return Seq(r.next.Load()) }

// at returns the slot that the leg with index i uses, and the lap in which it does.
func (r *Ring[T]) at(i Seq) (*slot[T], uint64) {
	return &r.slots[uint64(i)&r.mask], uint64(i) &^ r.mask
}

// raise sets a to i, unless a has reached i already, and returns the value of a afterwards.
func raise(a *atomic.Uint64, i Seq) Seq {
	for {
		was := a.Load()
		if !Seq(was).Before(i) {
			return Seq(was)
		}
		if a.CompareAndSwap(was, uint64(i)) {
			return i
		}
	}
}
