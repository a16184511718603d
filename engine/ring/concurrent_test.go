package ring_test

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"viamillipede/engine/ring"
)

const publishers = 4

// leg is written by a publisher and read by the consumer, both plainly: the race detector sees whether the ring orders
// the two.
type leg struct {
	number    ring.Seq
	publisher int
}

// delivery is the consumer, whose part is taken by whichever publisher finds the head ready, as in the engine.
type delivery struct {
	ring  whole[leg]
	first ring.Seq
	turn  atomic.Bool

	// Owned by the holder of the turn.
	consumed int
	by       [publishers]int
	fault    string
}

func (d *delivery) run() {
	for d.ring.Ready() && d.turn.CompareAndSwap(false, true) {
		for head := d.ring.Head(); head != nil; head = d.ring.Head() {
			if want := d.first + ring.Seq(d.consumed); head.number != want && d.fault == "" {
				d.fault = "legs out of order"
			}
			d.consumed++
			d.by[head.publisher]++
			d.ring.Advance()
		}
		d.turn.Store(false)
	}
}

// atWraps runs a test on rings whose index wraps at once, as it always does; whose numbers wrap soon as well; whose index
// wraps when there was a lap or more before; and on rings that no wrap is near.
func atWraps(t *testing.T, credit int, test func(t *testing.T, r whole[leg])) {
	soon := ring.Seq(1000)
	t.Run("from 0", func(t *testing.T) { test(t, newRing[leg](credit, 0)) })
	t.Run("numbers wrap", func(t *testing.T) { test(t, newRing[leg](credit, -soon)) })
	t.Run("index wraps later", func(t *testing.T) { test(t, newRingAt[leg](credit, 77, -soon)) })
	t.Run("both wrap later", func(t *testing.T) { test(t, newRingAt[leg](credit, -soon, -soon)) })
	t.Run("no wrap", func(t *testing.T) { test(t, newRingAt[leg](credit, 77, 1<<40+5)) })
}

// Every publisher offers every leg of the window again and again, in its own random order, and old ones as well.
func TestManyCopiesOneDelivery(t *testing.T) {
	legs := 200_000
	if raceEnabled {
		legs = 10_000
	}
	atWraps(t, 48, func(t *testing.T, r whole[leg]) {
		first := r.Next()
		end := first + ring.Seq(legs)
		deadline := time.Now().Add(time.Minute) // for a ring that is stuck; a good one takes a second
		d := &delivery{ring: r, first: first}
		offered, published := make([]atomic.Bool, legs), make([]atomic.Int32, legs)
		publish := func(id int) {
			random := rand.New(rand.NewPCG(uint64(id), 1))
			for r.Next() != end && time.Now().Before(deadline) {
				base := r.Next()
				for _, i := range random.Perm(48 + 8) {
					n := base + ring.Seq(i) - 8
					if n.Before(first) || !n.Before(end) {
						continue
					}
					offered[n-first].Store(true)
					if r.Publish(n, &leg{number: n, publisher: id}) == ring.Published {
						published[n-first].Add(1)
					}
					d.run()
				}
			}
		}
		var all sync.WaitGroup
		for id := range publishers {
			all.Go(func() { publish(id) })
		}
		all.Go(func() { watch(t, r, end, deadline, func(n ring.Seq) bool { return offered[n-first].Load() }) })
		all.Wait()

		if d.fault != "" || d.consumed != legs {
			t.Fatalf("%d of %d legs consumed %s", d.consumed, legs, d.fault)
		}
		for i := range published {
			if n := published[i].Load(); n != 1 {
				t.Fatalf("leg %d was published %d times", i, n)
			}
		}
		if r.Received() != end || r.Depth() != 0 {
			t.Errorf("at the end received %d legs, depth %d", r.Received()-first, r.Depth())
		}
		t.Logf("delivered by publisher: %v", d.by)
	})
}

// watch reads the ring as the writers of acks do, until all is consumed.
func watch(t *testing.T, r whole[leg], end ring.Seq, deadline time.Time, offered func(ring.Seq) bool) {
	words := make([]uint64, 1)
	last := r.Received()
	for last != end && time.Now().Before(deadline) {
		next := r.Next()
		from, used := r.Bitmap(words)
		if from.Before(last) || from.Before(next) || end.Before(from) {
			t.Errorf("received %d after %d, consumed %d", from, last, next)
			return
		}
		for i := range 64 * used {
			n := from + 1 + ring.Seq(i)
			if words[i/64]>>(i%64)&1 == 1 && !(offered(n) && r.Has(n)) {
				t.Errorf("leg %d is claimed and was never there", n)
				return
			}
		}
		if depth := r.Depth(); depth < 0 || depth > 48 {
			t.Errorf("depth %d", depth)
			return
		}
		last = from
	}
}

// Every leg has one publisher, which offers it once: if a publisher and the consumer could miss each other, the last
// legs would stay.
func TestNoLegIsForgotten(t *testing.T) {
	const credit = 256
	rounds := 300
	if raceEnabled {
		rounds = 30
	}
	atWraps(t, credit, func(t *testing.T, r whole[leg]) {
		d := &delivery{ring: r, first: r.Next()}
		for round := range rounds {
			first := r.Next()
			order := rand.New(rand.NewPCG(uint64(round), 2)).Perm(credit)
			var all sync.WaitGroup
			for id := range publishers {
				all.Go(func() {
					for at := id; at < credit; at += publishers {
						n := first + ring.Seq(order[at])
						r.Publish(n, &leg{number: n, publisher: id})
						d.run()
					}
				})
			}
			all.Wait()
			if d.fault != "" || d.consumed != (round+1)*credit {
				t.Fatalf("round %d: %d of %d legs consumed %s", round, d.consumed, (round+1)*credit, d.fault)
			}
		}
	})
}

// One publisher keeps the ring full, and every slot is needed again at once: a credit that shows before its slot is
// free would make a leg a duplicate of the one before it in the slot, and lose it.
func TestSlotIsFreeBeforeItsCredit(t *testing.T) {
	const credit = 4
	const legs = 20_000
	atWraps(t, credit, func(t *testing.T, r whole[leg]) {
		first := r.Next()
		end := first + ring.Seq(legs)
		var lost atomic.Bool
		var both sync.WaitGroup
		both.Go(func() {
			v := &leg{}
			for n := first; n != end && !lost.Load(); {
				switch r.Publish(n, v) {
				case ring.Published:
					n++
				case ring.Duplicate:
					t.Errorf("leg %d is a duplicate", n)
					lost.Store(true)
				default:
					runtime.Gosched()
				}
			}
		})
		both.Go(func() {
			for r.Next() != end && !lost.Load() {
				if r.Head() != nil {
					r.Advance()
					continue
				}
				runtime.Gosched()
			}
		})
		both.Wait()
	})
}

func BenchmarkPublishersAndTurn(b *testing.B) {
	r := newRing[leg](1024, 0)
	d := &delivery{ring: r}
	var ticket atomic.Uint64
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			n := ring.Seq(ticket.Add(1) - 1)
			v := &leg{number: n}
			for r.Publish(n, v) == ring.Beyond {
				d.run()
			}
			d.run()
		}
	})
}
