package bufpool_test

import (
	"os"
	"strings"
	"testing"

	"viamillipede/bufpool"
)

// newPool gives a pool that the test must have brought home when it ends.
func newPool(t testing.TB, c bufpool.Config) *bufpool.Pool {
	t.Helper()
	p, err := bufpool.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func TestConfigIsChecked(t *testing.T) {
	page := bufpool.Grain
	for want, c := range map[string]bufpool.Config{
		"0 shards":                {Shards: 0, Buffers: 1, Size: page},
		"0 buffers":               {Shards: 1, Buffers: 0, Size: page},
		"67108863 buffers":        {Shards: 1, Buffers: bufpool.MaxBuffers + 1, Size: page},
		"of 0 bytes":              {Shards: 1, Buffers: 1, Size: 0},
		"of -4096 bytes":          {Shards: 1, Buffers: 1, Size: -4096},
		"of 100 bytes":            {Shards: 1, Buffers: 1, Size: 100},
		"more than can be mapped": {Shards: 1, Buffers: 1 << 20, Size: 1 << 40},
		"1 nodes for 2 shards":    {Shards: 2, Buffers: 2, Size: page, Nodes: []int{0}},
		"node -2":                 {Shards: 1, Buffers: 1, Size: page, Nodes: []int{-2}},
		"node 1024":               {Shards: 1, Buffers: 1, Size: page, Nodes: []int{1024}},
	} {
		p, err := bufpool.New(c)
		if p != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New(%+v): %v, want %q", c, err, want)
		}
	}
}

func TestBoundAndSteal(t *testing.T) {
	p := newPool(t, bufpool.Config{Shards: 2, Buffers: 5, Size: os.Getpagesize()})
	var out []*bufpool.Buffer
	for want := range 5 { // 0 to 2 are of shard 0, 3 and 4 are stolen
		b := p.Get(0)
		if b == nil || b.Index() != want {
			t.Fatalf("Get %d gave %v", want, b)
		}
		out = append(out, b)
	}
	for shard := range 2 {
		if b := p.Get(shard); b != nil {
			t.Fatalf("Get beyond the bound gave buffer %d", b.Index())
		}
	}
	out[4].Release() // goes home to shard 1
	out[1].Release()
	for shard, want := range []int{1, 4} {
		if out[want] = p.Get(shard); out[want] == nil || out[want].Index() != want {
			t.Fatalf("shard %d gave %v, want its own buffer %d", shard, out[want], want)
		}
	}
	for _, b := range out {
		b.Release()
	}
}

func TestMoreShardsThanBuffers(t *testing.T) {
	p := newPool(t, bufpool.Config{Shards: 8, Buffers: 2, Size: os.Getpagesize()})
	a, b := p.Get(7), p.Get(7)
	if a == nil || b == nil || p.Get(7) != nil {
		t.Fatalf("an empty shard gave %v and %v", a, b)
	}
	a.Release()
	b.Release()
}

func TestSecondReleasePanics(t *testing.T) {
	p := newPool(t, bufpool.Config{Shards: 1, Buffers: 2, Size: os.Getpagesize()})
	other, b := p.Get(0), p.Get(0)
	b.Release()
	func() {
		defer func() {
			if got := recover(); got != "bufpool: second Release of buffer 1" {
				t.Errorf("panic is %v", got)
			}
		}()
		b.Release()
	}()
	if p.InUse() != 1 {
		t.Errorf("%d in use after the panic, want 1", p.InUse())
	}
	other.Release()
}

func TestCloseNamesWhatIsOut(t *testing.T) {
	p, err := bufpool.New(bufpool.Config{Shards: 3, Buffers: 9, Size: os.Getpagesize()})
	if err != nil {
		t.Fatal(err)
	}
	out := []*bufpool.Buffer{p.Get(0), p.Get(0), p.Get(2)}
	p.Get(1).Release()
	const want = "close buffer pool: 3 of 9 buffers are still out"
	if err := p.Close(); err == nil || err.Error() != want {
		t.Fatalf("Close: %v, want %s", err, want)
	}
	for shard := range 3 {
		if b := p.Get(shard); b != nil {
			t.Fatalf("a closed pool gave buffer %d", b.Index())
		}
	}
	for _, b := range out {
		mark(b) // a late holder does not fault
		b.Release()
	}
	for range 2 {
		if err := p.Close(); err != nil {
			t.Fatalf("Close with all back: %v", err)
		}
	}
}

// A pop that read head A with B below it, and is held up there, must fail once B is gone:
//
//	A B C  ->  B C  ->  C  ->  A C    the top is A again
func TestHeadDiffersWhenTheTopReturns(t *testing.T) {
	p := newPool(t, bufpool.Config{Shards: 1, Buffers: 3, Size: os.Getpagesize()})
	before, top := p.Head(0)
	a, b := p.Get(0), p.Get(0)
	a.Release()
	after, topAfter := p.Head(0)
	if top != topAfter || before == after {
		t.Errorf("head %#x became %#x: the same top and another word expected", before, after)
	}
	b.Release()
}

func TestArenasAreAligned(t *testing.T) {
	p := newPool(t, bufpool.Config{Shards: 3, Buffers: 3 * 33, Size: 64 << 10})
	for i, a := range p.Arenas() {
		if at := bufpool.Address(a); at%bufpool.HugePage != 0 {
			t.Errorf("arena %d is at %#x", i, at)
		}
		if len(a) != 33*64<<10 {
			t.Errorf("arena %d has %d bytes", i, len(a))
		}
	}
	small := newPool(t, bufpool.Config{Shards: 1, Buffers: 1, Size: os.Getpagesize()})
	if at := bufpool.Address(small.Arenas()[0]); at%uintptr(os.Getpagesize()) != 0 {
		t.Errorf("a small arena is at %#x", at)
	}
}

func TestWarmKeepsBuffers(t *testing.T) {
	for _, buffers := range []int{1, 1024} {
		p := newPool(t, bufpool.Config{Shards: 2, Buffers: buffers, Size: 64 << 10})
		b := p.Get(0)
		copy(b.Bytes(), "kept")
		if a := p.Advice(); a.Nodes != nil || a.Refused != nil || a.Missed != 0 {
			t.Errorf("advice for %d buffers is %v", buffers, a)
		}
		if got := p.Warm(); got.All != buffers*64<<10 || buffers > 1 && len(got.Refused) == 0 && got.Reserved+got.Advised == 0 {
			t.Errorf("huge pages for %d buffers: %+v", buffers, got)
		}
		if got := string(b.Bytes()[:4]); got != "kept" {
			t.Errorf("after the arena was warmed a buffer holds %q", got)
		}
		b.Release()
	}
}

func TestNothingIsAllocated(t *testing.T) {
	p := newPool(t, bufpool.Config{Shards: 2, Buffers: 2, Size: os.Getpagesize()})
	got := testing.AllocsPerRun(100, func() {
		a, b := p.Get(0), p.Get(0)
		p.Get(0)
		a.Release()
		b.Release()
	})
	if got != 0 {
		t.Errorf("%v allocations", got)
	}
}

func BenchmarkGetRelease(b *testing.B) {
	p := newPool(b, bufpool.Config{Shards: 1, Buffers: 1024, Size: 256 << 10})
	for b.Loop() {
		p.Get(0).Release()
	}
}

func BenchmarkGetReleaseShared(b *testing.B) {
	p := newPool(b, bufpool.Config{Shards: 1, Buffers: 1024, Size: 256 << 10})
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			p.Get(0).Release()
		}
	})
}

// Where pages are of 64 KiB, several buffers share one: each has its own bytes, and none moves.
func TestBuffersSmallerThanAPage(t *testing.T) {
	defer bufpool.SetPage(64 << 10)()
	const buffers = 1024
	p := newPool(t, bufpool.Config{Shards: 2, Buffers: buffers, Size: bufpool.Grain})
	p.Warm()
	var all []*bufpool.Buffer
	for range buffers {
		b := p.Get(0)
		if b == nil {
			t.Fatalf("%d of %d buffers", len(all), buffers)
		}
		mark(b)
		all = append(all, b)
	}
	for _, b := range all {
		if len(b.Bytes()) != bufpool.Grain || !marked(b) {
			t.Fatalf("buffer %d is not whole, or shared", b.Index())
		}
		b.Release()
	}
}
