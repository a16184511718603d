package main

import (
	"math"
	"slices"
	"testing"
	"time"
)

const ms = time.Millisecond

// carry admits n packets of size bytes, one each gap, and gives for each when it is due; negative is one that is not.
func carry(l *line, n, size int, gap time.Duration) (dues []time.Duration, lostOnes, droppedOnes int) {
	for i := range n {
		due, f := l.admit(time.Duration(i)*gap, size)
		switch f {
		case lost:
			lostOnes++
			due = -1
		case dropped:
			droppedOnes++
			due = -1
		}
		dues = append(dues, due)
	}
	return dues, lostOnes, droppedOnes
}

func TestDelayAlone(t *testing.T) {
	dues, _, _ := carry(newLine(shape{delay: 20 * ms}, 1, 0), 100, 1500, ms)
	for i, due := range dues {
		if want := time.Duration(i)*ms + 20*ms; due != want {
			t.Fatalf("packet %d is due at %v, want %v", i, due, want)
		}
	}
}

// The queue takes 10 packets. Those behind it are dropped until one has been sent, and what passes, passes at the rate:
//
//	come     0 1 2 3 ... 9 x x x x   at once
//	sent     1 2 3 4 ... 10          1 ms each
func TestRateAndQueue(t *testing.T) {
	l := newLine(shape{delay: 5 * ms, rate: 1_000_000, queue: 10_000}, 1, 0)
	dues, _, droppedOnes := carry(l, 14, 1000, 0)
	if droppedOnes != 4 {
		t.Errorf("%d packets dropped, want 4", droppedOnes)
	}
	for i, due := range dues[:10] {
		if want := time.Duration(i+1)*ms + 5*ms; due != want {
			t.Errorf("packet %d is due at %v, want %v", i, due, want)
		}
	}
	if _, f := l.admit(ms-1, 1000); f != dropped {
		t.Error("a packet found room before one was sent")
	}
	if due, f := l.admit(ms, 1000); f != carried || due != 16*ms {
		t.Errorf("after one was sent: fate %d, due at %v, want 16ms", f, due)
	}
	if due, _ := l.admit(100*ms, 1000); due != 106*ms {
		t.Errorf("after a pause: due at %v, want 106ms", due)
	}
}

func TestLossIsTheSeeds(t *testing.T) {
	const n, p = 100_000, 0.01
	fates := func(seed, way uint64) []time.Duration {
		dues, lostOnes, _ := carry(newLine(shape{loss: p}, seed, way), n, 100, ms)
		// Five standard deviations.
		if off := math.Abs(float64(lostOnes) - n*p); off > 5*math.Sqrt(n*p*(1-p)) {
			t.Errorf("seed %d, way %d: %d of %d lost, want about %v", seed, way, lostOnes, n, n*p)
		}
		return dues
	}
	first := fates(1, 0)
	if !slices.Equal(first, fates(1, 0)) {
		t.Error("the same seed loses other packets")
	}
	if slices.Equal(first, fates(2, 0)) || slices.Equal(first, fates(1, 1)) {
		t.Error("another seed or direction loses the same packets")
	}
}

func TestJitter(t *testing.T) {
	for _, reorder := range []bool{false, true} {
		l := newLine(shape{delay: 20 * ms, jitter: 5 * ms, reorder: reorder}, 1, 0)
		dues, _, _ := carry(l, 10_000, 100, ms)
		if inOrder := slices.IsSorted(dues); inOrder == reorder {
			t.Errorf("reorder %v: in order %v", reorder, inOrder)
		}
		least, most := time.Hour, time.Duration(0)
		for i, due := range dues {
			took := due - time.Duration(i)*ms
			least, most = min(least, took), max(most, took)
		}
		if least < 15*ms || most > 25*ms || most-least < 8*ms {
			t.Errorf("reorder %v: delays from %v to %v, want 15ms to 25ms", reorder, least, most)
		}
	}
}

// Packets come out when they are due: by their times, and in the order of push where those are the same. The model is a
// list that is searched from its beginning.
func TestHeldPacketsAgainstAModel(t *testing.T) {
	l := newLine(shape{delay: 50 * ms, jitter: 50 * ms, reorder: true}, 1, 0)
	var model []packet
	first := func() int {
		at := 0
		for i, p := range model {
			if p.due < model[at].due {
				at = i
			}
		}
		return at
	}
	for now := time.Duration(0); now < 3*time.Second; now += ms {
		for i := range int(now/ms) / 100 % 4 {
			due, _ := l.admit(now, 100)
			p := packet{due.Truncate(5 * ms), []byte{byte(now / ms), byte(i)}}
			l.push(p)
			model = append(model, p)
		}
		for bytes := l.pop(now); bytes != nil; bytes = l.pop(now) {
			at := first()
			if want := model[at]; want.due > now || !slices.Equal(bytes, want.bytes) {
				t.Fatalf("at %v came %v, want %v due at %v", now, bytes, want.bytes, want.due)
			}
			model = slices.Delete(model, at, at+1)
		}
		if len(model) != l.travelling() || len(model) > 0 && model[first()].due <= now {
			t.Fatalf("at %v %d packets are held, want %d", now, l.travelling(), len(model))
		}
	}
}

func TestHeldPacketsAreBounded(t *testing.T) {
	l := newLine(shape{delay: time.Hour}, 1, 0)
	for range mostHeld {
		due, f := l.admit(0, 100)
		if f != carried {
			t.Fatalf("fate %d with %d held", f, l.travelling())
		}
		l.push(packet{due, []byte{0}})
	}
	if _, f := l.admit(0, 100); f != dropped {
		t.Errorf("fate %d with %d held, want dropped", f, l.travelling())
	}
}

func BenchmarkLine(b *testing.B) {
	l := newLine(shape{delay: 40 * ms, jitter: 2 * ms, loss: 0.01, rate: 40_000_000, queue: 1 << 20}, 1, 0)
	bytes := make([]byte, 1500)
	var now time.Duration
	for b.Loop() {
		now += 40 * time.Microsecond
		if due, f := l.admit(now, len(bytes)); f == carried {
			l.push(packet{due, bytes})
		}
		l.pop(now)
	}
}
