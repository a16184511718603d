package ring_test

import (
	"testing"

	"pgregory.net/rapid"

	"viamillipede/engine/ring"
)

// model is the naive ring: a map of what was published and not consumed.
type model struct {
	credit int64
	next   ring.Seq
	legs   map[ring.Seq]*int
}

func (m *model) has(n ring.Seq) bool { return n.Before(m.next) || m.legs[n] != nil }

func (m *model) publish(n ring.Seq, v *int) ring.Outcome {
	if m.has(n) {
		return ring.Duplicate
	}
	if n.Distance(m.next) >= m.credit {
		return ring.Beyond
	}
	m.legs[n] = v
	return ring.Published
}

func (m *model) received() ring.Seq {
	n := m.next
	for m.has(n) {
		n++
	}
	return n
}

// beyond returns the bits after Received, at most limit words, without empty words at the end.
func (m *model) beyond(limit int) []uint64 {
	words, used := make([]uint64, limit), 0
	for i := range limit * 64 {
		if m.has(m.received() + 1 + ring.Seq(i)) {
			words[i/64] |= 1 << (i % 64)
			used = i/64 + 1
		}
	}
	return words[:used]
}

// drawRing makes a ring anywhere, or so that the numbers, the index or both wrap within a few legs.
func drawRing(t *rapid.T, credit int) (whole[int], ring.Seq) {
	first, index := ring.Seq(rapid.Uint64().Draw(t, "first")), ring.Seq(rapid.Uint64().Draw(t, "index"))
	before := ring.Seq(rapid.IntRange(0, 3*credit).Draw(t, "legs before the wrap"))
	switch rapid.IntRange(0, 4).Draw(t, "wrap") {
	case 1:
		first = -before
	case 2:
		index = -before
	case 3:
		first, index = -before, -before
	case 4:
		return newRing[int](credit, first), first
	}
	return newRingAt[int](credit, first, index), first
}

func TestRingIsTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		credit := rapid.OneOf(rapid.IntRange(1, 9), rapid.SampledFrom([]int{64, 130})).Draw(t, "credit")
		r, first := drawRing(t, credit)
		m := &model{credit: int64(credit), next: first, legs: map[ring.Seq]*int{}}
		near := rapid.IntRange(-2*credit-2, 2*credit+2)
		t.Repeat(map[string]func(*rapid.T){
			"publish": func(t *rapid.T) {
				n := m.next + ring.Seq(near.Draw(t, "ahead"))
				v := new(int)
				if got, want := r.Publish(n, v), m.publish(n, v); got != want {
					t.Fatalf("Publish(%d) is %v, want %v", n, got, want)
				}
			},
			"publish the head": func(t *rapid.T) {
				v := new(int)
				if got, want := r.Publish(m.next, v), m.publish(m.next, v); got != want {
					t.Fatalf("Publish of the head is %v, want %v", got, want)
				}
			},
			"consume": func(t *rapid.T) {
				for range rapid.IntRange(1, credit).Draw(t, "legs") {
					head := r.Head()
					if head != m.legs[m.next] {
						t.Fatalf("Head of %d is not the value published", m.next)
					}
					if head == nil {
						return
					}
					r.Advance()
					delete(m.legs, m.next)
					m.next++
				}
			},
			"has": func(t *rapid.T) {
				n := m.next + ring.Seq(near.Draw(t, "ahead"))
				if got, want := r.Has(n), m.has(n); got != want {
					t.Fatalf("Has(%d) is %v, want %v", n, got, want)
				}
			},
			"": func(t *rapid.T) { checkView(t, r, m) },
		})
	})
}

func checkView(t *rapid.T, r whole[int], m *model) {
	if got := r.Next(); got != m.next {
		t.Fatalf("Next is %d, want %d", got, m.next)
	}
	if got, want := r.Ready(), m.legs[m.next] != nil; got != want {
		t.Fatalf("Ready is %v, want %v", got, want)
	}
	if got := r.Depth(); got != len(m.legs) {
		t.Fatalf("Depth is %d, want %d", got, len(m.legs))
	}
	// Not in every step: the cached number must do as well when nobody asked for long.
	if rapid.Bool().Draw(t, "skip received") {
		return
	}
	words := []uint64{^uint64(0), ^uint64(0), ^uint64(0)}[:rapid.IntRange(0, 3).Draw(t, "words")]
	want := m.beyond(len(words))
	from, n := r.Bitmap(words)
	if from != m.received() || n != len(want) {
		t.Fatalf("Bitmap is %d words from %d, want %d from %d", n, from, len(want), m.received())
	}
	for i := range want {
		if words[i] != want[i] {
			t.Fatalf("Bitmap word %d is %b, want %b", i, words[i], want[i])
		}
	}
	if got := r.Received(); got != from {
		t.Fatalf("Received is %d, and %d in Bitmap", got, from)
	}
}
