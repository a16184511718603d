package ring

// NewAt returns a ring as New does, whose first leg has the given index: tests reach the wrap from further away, and
// begin where no wrap is near.
func NewAt[T any](credit int, first, index Seq) (*Ring[T], Producer[T], Consumer[T]) {
	return newAt[T](credit, first, index)
}

// Index returns the index of the leg that is consumed next.
func (r *Ring[T]) Index() Seq { return r.first() }

// Slots returns how many legs are in a lap.
func (r *Ring[T]) Slots() int { return len(r.slots) }
