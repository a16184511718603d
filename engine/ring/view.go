package ring

// The methods of this file change nothing that publishers or the consumer depend on; any goroutine may call them.

// Next gives the number of the leg that is consumed next: all before it are delivered.
func (r *Ring[T]) Next() Seq { return Seq(r.next.Load()) }

// Ready reports whether the head leg is published. The answer was true at one moment during the call; a goroutine that
// publishes a leg, and one that gives up the consumer's part and then asks, cannot both miss each other, for the
// atomics of Go are sequentially consistent.
func (r *Ring[T]) Ready() bool {
	for {
		next := r.Next()
		s, lap := r.at(next)
		if s.word.Load() == lap|full {
			return true
		}
		if r.Next() == next {
			return false
		}
	}
}

// Has reports whether leg n is published or consumed.
func (r *Ring[T]) Has(n Seq) bool {
	if n.Before(r.Next()) {
		return true
	}
	s, lap := r.at(n)
	word := s.word.Load()
	later := int64(word&^stateMask - lap) // laps that the slot is ahead of leg n, times slots
	return later > 0 || later == 0 && word&stateMask == full
}

// Received gives the lowest number that is not published. No answer is lower than one given before, to whomever. The
// cost is one step for each leg since the last time that somebody asked, at most the ring.
func (r *Ring[T]) Received() Seq {
	n := Seq(r.received.Load())
	if next := r.Next(); n.Before(next) {
		n = next
	}
	for r.Has(n) {
		n++
	}
	return raise(&r.received, n)
}

// Bitmap describes what was published beyond the first gap: from is Received, and bit i of words (lowest bit first)
// is set if leg from+1+i is published. It fills words[:n], where words[n-1] is the last one with a bit set; legs that
// do not fit into words are left out. With nothing beyond the gap, n is 0, after O(1) steps beyond those of Received.
//
// A leg that is not published is never claimed. One that is being published during the call may be missing.
func (r *Ring[T]) Bitmap(words []uint64) (from Seq, n int) {
	from = r.Received()
	legs := Seq(r.end.Load()).Distance(from + 1)
	legs = min(legs, int64(len(words))*64)
	for first := int64(0); first < legs; first += 64 {
		word := r.word(from+1+Seq(first), min(64, legs-first))
		at := int(first / 64)
		words[at] = word
		if word != 0 {
			n = at + 1
		}
	}
	return from, n
}

// word gives the bits of the legs from n on, 1 to 64 of them.
func (r *Ring[T]) word(n Seq, legs int64) (word uint64) {
	for i := range legs {
		if r.Has(n + Seq(i)) {
			word |= 1 << i
		}
	}
	return word
}

// Depth counts the legs that are published and not consumed. It looks at every slot in use, and legs may come and go
// meanwhile: it is for the status table. 0 to credit.
func (r *Ring[T]) Depth() int {
	depth, next := 0, r.Next()
	for n := next; n.Before(Seq(r.end.Load())) && n.Distance(next) < r.credit; n++ {
		if r.Has(n) {
			depth++
		}
	}
	return depth
}
