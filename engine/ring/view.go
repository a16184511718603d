package ring

// The methods of this file change nothing that producers or the consumer depend on; any goroutine may call them.

// Next returns the number of the leg that is consumed next: all before it are delivered.
func (r *Ring[T]) Next() Seq { return r.first() + r.origin }

// Ready reports whether the head leg is published. The answer was true at one moment during the call; a goroutine that
// publishes a leg, and one that gives up the consumer's part and then asks, cannot both miss each other, because
// Go's atomics are sequentially consistent.
func (r *Ring[T]) Ready() bool {
	for {
		first := r.first()
		s, lap := r.at(first)
		if s.word.Load() == lap|full {
			return true
		}
		if r.first() == first {
			return false
		}
	}
}

// Has reports whether leg n is published or consumed.
func (r *Ring[T]) Has(n Seq) bool { return r.has(r.index(n)) }

// has is Has for the leg with index i.
func (r *Ring[T]) has(i Seq) bool {
	if i.Before(r.first()) {
		return true
	}
	s, lap := r.at(i)
	word := s.word.Load()
	later := int64(word&^stateMask - lap) // laps that the slot is ahead of the leg, times slots
	return later > 0 || later == 0 && word&stateMask == full
}

// Received returns the lowest number that is not published. No answer is lower than an earlier one, to any caller. The
// cost is one step for each leg since the last time that somebody asked, at most the ring.
func (r *Ring[T]) Received() Seq { return r.gap() + r.origin }

// gap returns the lowest index that is not published.
func (r *Ring[T]) gap() Seq {
	i := Seq(r.received.Load())
	if first := r.first(); i.Before(first) {
		i = first
	}
	for r.has(i) {
		i++
	}
	return raise(&r.received, i)
}

// Bitmap describes what was published beyond the first gap: from is Received, and bit i of words (lowest bit first)
// is set if leg from+1+i is published. It fills words[:n], where words[n-1] is the last one with a bit set; legs that
// do not fit into words are left out. With nothing beyond the gap, n is 0, after O(1) steps beyond those of Received.
//
// A leg that is not published is never claimed. One that is being published during the call may be missing.
func (r *Ring[T]) Bitmap(words []uint64) (from Seq, n int) {
	gap := r.gap()
	legs := Seq(r.end.Load()).Distance(gap + 1)
	legs = min(legs, int64(len(words))*64)
	for done := int64(0); done < legs; done += 64 {
		word := r.word(gap+1+Seq(done), min(64, legs-done))
		at := int(done / 64)
		words[at] = word
		if word != 0 {
			n = at + 1
		}
	}
	return gap + r.origin, n
}

// word returns the bits of the legs from index i on, 1 to 64 of them.
func (r *Ring[T]) word(i Seq, legs int64) (word uint64) {
	for bit := range legs {
		if r.has(i + Seq(bit)) {
			word |= 1 << bit
		}
	}
	return word
}

// Depth counts the legs that are published and not consumed. It looks at every slot in use, and legs may come and go
// meanwhile: it is for the status table. 0 to credit.
func (r *Ring[T]) Depth() int {
	depth, first := 0, r.first()
	for i := first; i.Before(Seq(r.end.Load())) && i.Distance(first) < r.credit; i++ {
		if r.has(i) {
			depth++
		}
	}
	return depth
}
