package bufpool_test

import (
	"encoding/binary"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"viamillipede/bufpool"
)

// model is the naive pool: for each shard the free buffers, the next one last.
type model struct {
	free [][]int
	home []int // shard of each buffer
}

func newModel(c bufpool.Config) *model {
	m := &model{free: make([][]int, c.Shards)}
	for shard := range c.Shards {
		count := c.Buffers / c.Shards
		if shard < c.Buffers%c.Shards {
			count++
		}
		for range count {
			m.free[shard] = append(m.free[shard], len(m.home))
			m.home = append(m.home, shard)
		}
		slices.Reverse(m.free[shard])
	}
	return m
}

// get gives the index of the buffer that Get must give, -1 for none.
func (m *model) get(shard int) int {
	for i := range m.free {
		stack := &m.free[(shard+i)%len(m.free)]
		if last := len(*stack) - 1; last >= 0 {
			index := (*stack)[last]
			*stack = (*stack)[:last]
			return index
		}
	}
	return -1
}

func (m *model) release(index int) {
	home := m.home[index]
	m.free[home] = append(m.free[home], index)
}

func TestPoolIsTheModel(t *testing.T) {
	page := os.Getpagesize()
	rapid.Check(t, func(t *rapid.T) {
		config := bufpool.Config{
			Shards:  rapid.IntRange(1, 4).Draw(t, "shards"),
			Buffers: rapid.IntRange(1, 12).Draw(t, "buffers"),
			Size:    rapid.IntRange(1, 3).Draw(t, "pages") * page,
		}
		p, err := bufpool.New(config)
		if err != nil {
			t.Fatal(err)
		}
		m := newModel(config)
		var out []*bufpool.Buffer
		t.Repeat(map[string]func(*rapid.T){
			"get": func(t *rapid.T) {
				shard := rapid.IntRange(0, config.Shards-1).Draw(t, "shard")
				b, want := p.Get(shard), m.get(shard)
				if b == nil && want == -1 {
					return
				}
				if b == nil || b.Index() != want {
					t.Fatalf("Get gave %v, want buffer %d", b, want)
				}
				mark(b)
				out = append(out, b)
			},
			"release": func(t *rapid.T) {
				if len(out) == 0 {
					t.Skip("none is out")
				}
				at := rapid.IntRange(0, len(out)-1).Draw(t, "at")
				b := out[at]
				out = slices.Delete(out, at, at+1)
				m.release(b.Index())
				b.Release()
			},
			"": func(t *rapid.T) {
				if p.InUse() != len(out) {
					t.Fatalf("%d in use, want %d", p.InUse(), len(out))
				}
				for _, b := range out {
					if len(b.Bytes()) != config.Size || cap(b.Bytes()) != config.Size || !marked(b) {
						t.Fatalf("buffer %d is not whole, or shared", b.Index())
					}
				}
			},
		})
		for _, b := range out {
			b.Release()
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// mark writes the buffer's index to both of its ends.
func mark(b *bufpool.Buffer) {
	p := b.Bytes()
	binary.NativeEndian.PutUint64(p, uint64(b.Index()))
	binary.NativeEndian.PutUint64(p[len(p)-8:], ^uint64(b.Index()))
}

func marked(b *bufpool.Buffer) bool {
	p := b.Bytes()
	return binary.NativeEndian.Uint64(p) == uint64(b.Index()) &&
		binary.NativeEndian.Uint64(p[len(p)-8:]) == ^uint64(b.Index())
}
