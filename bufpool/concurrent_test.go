package bufpool_test

import (
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"viamillipede/bufpool"
)

// Workers get buffers, hold a few, and give half of them to each other to release, so that each buffer meets steals
// and releases from strangers. uses is written plainly: the race detector sees whether two workers hold one buffer, or
// whether the pool fails to order one owner after the other.
func TestNoBufferHasTwoOwners(t *testing.T) {
	const workers, buffers, hold = 4, 10, 4 // fewer buffers than the workers would hold
	steps := 300_000
	if raceEnabled {
		steps = 20_000
	}
	p := newPool(t, bufpool.Config{Shards: 3, Buffers: buffers, Size: os.Getpagesize()})
	var owner [buffers]atomic.Int32
	var uses [buffers]int
	var atBound atomic.Int64
	give := func(b *bufpool.Buffer, id int32) {
		if !marked(b) || !owner[b.Index()].CompareAndSwap(id, 0) {
			t.Errorf("buffer %d was somebody else's too", b.Index())
		}
		b.Release()
	}
	handed := make(chan *bufpool.Buffer, workers*hold)
	work := func(id int32) {
		random := rand.New(rand.NewPCG(uint64(id), 3))
		var mine []*bufpool.Buffer
		for range steps {
			if len(mine) < hold && random.IntN(2) == 0 {
				b := p.Get(random.IntN(3))
				if b == nil {
					atBound.Add(1)
					continue
				}
				if !owner[b.Index()].CompareAndSwap(0, id) {
					t.Errorf("buffer %d has an owner", b.Index())
				}
				uses[b.Index()]++
				mark(b)
				mine = append(mine, b)
				continue
			}
			if len(mine) == 0 {
				continue
			}
			at := random.IntN(len(mine))
			b := mine[at]
			mine = append(mine[:at], mine[at+1:]...)
			select {
			case handed <- b:
				b = <-handed
			default:
			}
			give(b, owner[b.Index()].Load())
			if n := p.InUse(); n < 0 || n > buffers {
				t.Errorf("%d in use", n)
			}
		}
		for _, b := range mine {
			give(b, id)
		}
	}
	var all sync.WaitGroup
	for id := range int32(workers) {
		all.Go(func() { work(id + 1) })
	}
	all.Wait()
	if p.InUse() != 0 {
		t.Errorf("%d in use at the end", p.InUse())
	}
	total := 0
	for _, n := range uses {
		total += n
	}
	t.Logf("%d uses, %d times at the bound", total, atBound.Load())
}

// Two goroutines release the same buffer at the same time: one succeeds.
func TestOneOfTwoReleasesPanics(t *testing.T) {
	p := newPool(t, bufpool.Config{Shards: 1, Buffers: 1, Size: os.Getpagesize()})
	for range 1000 {
		b := p.Get(0)
		var panics atomic.Int32
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				defer func() {
					if recover() != nil {
						panics.Add(1)
					}
				}()
				b.Release()
			})
		}
		both.Wait()
		if panics.Load() != 1 || p.InUse() != 0 {
			t.Fatalf("%d of two releases panicked, %d in use", panics.Load(), p.InUse())
		}
	}
}
