package ring

// Consumer is the end at which legs leave, in order. One goroutine at a time may use it; the package comment says how it
// passes to another one.
type Consumer[T any] struct{ r *Ring[T] }

// Head returns leg Next if it was published, else nil. The leg stays in the ring, which lends it until Advance.
func (c Consumer[T]) Head() *T {
	s, lap := c.r.at(c.r.first())
	if s.word.Load() != lap|full {
		return nil
	}
	return s.value
}

// Advance gives the head leg to the consumer and frees its slot; Next grows by one. It panics if Head is nil.
func (c Consumer[T]) Advance() {
	r, i := c.r, c.r.first()
	s, lap := r.at(i)
	if s.word.Load() != lap|full {
		panic("ring: Advance without a head")
	}
	s.value = nil
	s.word.Store(lap + uint64(len(r.slots)) | empty) // before Next grows: see the package comment
	r.next.Store(uint64(i + 1))
}
