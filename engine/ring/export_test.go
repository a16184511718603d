package ring

// NewAt returns an empty ring as New does, but in the state of one that began at origin and has consumed everything
// before first. Tests use it to reach the wrap of the slot words.
func NewAt[T any](credit int, origin, first Seq) *Ring[T] {
	r := New[T](credit, origin)
	r.next.Store(uint64(first))
	r.received.Store(uint64(first))
	r.end.Store(uint64(first))
	for i := range r.slots {
		s, lap := r.at(first + Seq(i))
		s.word.Store(lap | empty)
	}
	return r
}

// Slots gives how many legs are in a lap.
func (r *Ring[T]) Slots() int { return len(r.slots) }
