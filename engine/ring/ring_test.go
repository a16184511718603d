package ring_test

import (
	"math"
	"testing"

	"viamillipede/engine/ring"
)

// whole is a ring with both its ends.
type whole[T any] struct {
	*ring.Ring[T]
	ring.Producer[T]
	ring.Consumer[T]
}

func newRing[T any](credit int, first ring.Seq) (w whole[T]) {
	w.Ring, w.Producer, w.Consumer = ring.New[T](credit, first)
	return w
}

func newRingAt[T any](credit int, first, index ring.Seq) (w whole[T]) {
	w.Ring, w.Producer, w.Consumer = ring.NewAt[T](credit, first, index)
	return w
}

func TestSeqComparesOverTheWrap(t *testing.T) {
	for _, c := range []struct {
		a, b ring.Seq
		want int64
	}{
		{0, 0, 0},
		{5, 3, 2},
		{3, 5, -2},
		{1, math.MaxUint64, 2},
		{math.MaxUint64, 1, -2},
		{1<<62 - 1, 1<<64 - 1<<62, math.MaxInt64},
		{1<<64 - 1<<62, 1<<62 - 1, -math.MaxInt64},
	} {
		if got := c.a.Distance(c.b); got != c.want {
			t.Errorf("%d is %d ahead of %d, want %d", c.a, got, c.b, c.want)
		}
		if got := c.a.Before(c.b); got != (c.want < 0) {
			t.Errorf("%d before %d is %v", c.a, c.b, got)
		}
	}
}

func TestSlotsHoldTheCredit(t *testing.T) {
	for credit, want := range map[int]int{1: 4, 3: 4, 4: 4, 5: 8, 8: 8, 9: 16, 1000: 1024, 1024: 1024} {
		if got := newRing[int](credit, 0).Slots(); got != want {
			t.Errorf("credit %d has %d slots, want %d", credit, got, want)
		}
	}
}

// A ring as the engine makes it passes the wrap of its index in its first lap, so that every stream does.
func TestEveryStreamPassesTheWrap(t *testing.T) {
	for _, credit := range []int{1, 4, 1000} {
		r := newRing[int](credit, 0)
		if r.Index() < math.MaxUint64-3 {
			t.Fatalf("the first leg has index %d", r.Index())
		}
		v := new(int)
		for n := range ring.Seq(4) {
			if r.Publish(n, v) != ring.Published || r.Head() != v {
				t.Fatalf("leg %d of credit %d is not the head", n, credit)
			}
			r.Advance()
		}
		if r.Index() > 3 || r.Next() != 4 {
			t.Errorf("after 4 legs the next one has index %d and number %d", r.Index(), r.Next())
		}
	}
}

// The second copy of a consumed leg comes when its slot is empty again, for the leg one lap later.
//
//	slot of 0:   0 published   0 consumed   0 again: duplicate   4 published   0 again: duplicate
func TestLateCopyLeavesTheNextLapAlone(t *testing.T) {
	r := newRing[int](4, 0)
	late, v := new(int), new(int)
	for n := range ring.Seq(100) {
		if got := r.Publish(n, v); got != ring.Published {
			t.Fatalf("leg %d: %v", n, got)
		}
		if r.Head() != v {
			t.Fatalf("leg %d is not the head", n)
		}
		r.Advance()
		for lap := ring.Seq(0); lap <= n; lap += 4 {
			if got := r.Publish(n-lap, late); got != ring.Duplicate {
				t.Fatalf("leg %d after %d was consumed: %v", n-lap, n, got)
			}
		}
		if r.Ready() || r.Depth() != 0 {
			t.Fatalf("a late copy stands in the ring after leg %d", n)
		}
	}
}

func TestCreditIsTheLimit(t *testing.T) {
	r := newRing[int](5, math.MaxUint64-2) // 8 slots: legs beyond the credit would find one
	v := new(int)
	first := r.Next()
	for i := range ring.Seq(5) {
		if got := r.Publish(first+4-i, v); got != ring.Published {
			t.Fatalf("leg %d of the credit: %v", 4-i, got)
		}
	}
	for _, ahead := range []ring.Seq{5, 6, 7, 8, 1 << 32, 1<<63 - 1} {
		if got := r.Publish(first+ahead, v); got != ring.Beyond {
			t.Errorf("leg %d ahead: %v", ahead, got)
		}
	}
	r.Advance()
	if got := r.Publish(first+5, v); got != ring.Published {
		t.Errorf("leg 5 after one is consumed: %v", got)
	}
}

func TestMisusePanics(t *testing.T) {
	for name, misuse := range map[string]func(){
		"no credit":            func() { newRing[int](0, 0) },
		"too much credit":      func() { newRing[int](ring.MaxCredit+1, 0) },
		"nil":                  func() { newRing[int](4, 0).Publish(0, nil) },
		"advance without head": func() { newRing[int](4, 0).Advance() },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			misuse()
		})
	}
}

func TestOutcomeString(t *testing.T) {
	for o, want := range map[ring.Outcome]string{
		ring.Published: "published", ring.Duplicate: "duplicate", ring.Beyond: "beyond", 9: "outcome 9",
	} {
		if got := o.String(); got != want {
			t.Errorf("%d is %q, want %q", int(o), got, want)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	r := newRing[int](64, 0)
	v, words := new(int), make([]uint64, 4)
	n := ring.Seq(0)
	got := testing.AllocsPerRun(100, func() {
		r.Publish(n+1, v)
		r.Bitmap(words)
		r.Publish(n, v)
		for r.Head() != nil {
			r.Advance()
		}
		n += 2
	})
	if got != 0 {
		t.Errorf("%v allocations", got)
	}
}

func BenchmarkPublishHeadAdvance(b *testing.B) {
	r := newRing[int](1024, 0)
	v := new(int)
	for n := ring.Seq(0); b.Loop(); n++ {
		r.Publish(n, v)
		if r.Head() == nil {
			b.Fatal("no head")
		}
		r.Advance()
	}
}

// BenchmarkAck is what an ack costs: with nothing beyond the head, and with every second leg of a full ring there.
func BenchmarkAck(b *testing.B) {
	words := make([]uint64, 16)
	b.Run("in order", func(b *testing.B) {
		r := newRing[int](1024, 0)
		for b.Loop() {
			r.Bitmap(words)
		}
	})
	b.Run("512 gaps", func(b *testing.B) {
		r := newRing[int](1024, 0)
		for n := ring.Seq(1); n < 1024; n += 2 {
			r.Publish(n, new(int))
		}
		for b.Loop() {
			r.Bitmap(words)
		}
	})
}
