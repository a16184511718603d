package ring

import "strconv"

// Producer is the end at which legs come in, in any order. Any number of goroutines may use it, or copies of it.
type Producer[T any] struct{ r *Ring[T] }

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

// Publish gives leg n to the ring; v must not be nil. When it returns Published the ring owns v, and Head, Has, Received
// and Bitmap know of the leg. Otherwise v is still the caller's.
//
// Duplicate may be returned shortly before the other copy can be seen; that copy's publisher cannot turn back.
func (p Producer[T]) Publish(n Seq, v *T) Outcome {
	if v == nil {
		panic("ring: Publish of nil")
	}
	r, i := p.r, p.r.index(n)
	ahead := i.Distance(r.first())
	if ahead < 0 {
		return Duplicate
	}
	if ahead >= r.credit {
		return Beyond
	}
	s, lap := r.at(i)
	if !s.word.CompareAndSwap(lap|empty, lap|claimed) {
		return Duplicate
	}
	s.value = v
	s.word.Store(lap | full)
	raise(&r.end, i+1)
	return Published
}
