//go:build !faults

package ingest

import (
	"os"
	"slices"
	"testing"
	"time"

	"viamillipede/bufpool"
	"viamillipede/engine/loop"
	"viamillipede/engine/window"
)

// Small legs are read together, come one after the other, and give their buffers back, also those that were read in vain.
func TestSmallLegsAreReadTogether(t *testing.T) {
	const size, legs, rest = 4 << 10, 5, 100
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if _, err := w.Write(make([]byte, legs*size+rest)); err != nil {
		t.Fatal(err)
	}
	pool, err := bufpool.New(bufpool.Config{Shards: 1, Buffers: 16, Size: size})
	if err != nil {
		t.Fatal(err)
	}
	l, err := loop.New(0, -1, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var calls []int
	var in Intake
	err = in.Open(Config{Source: int(r.Fd()), IO: "copy", Trace: func(_ string, _, n int, _ error) { calls = append(calls, n) }})
	if err != nil {
		t.Fatal(err)
	}
	in.FillFrom(pool)
	win := window.New(16, 0, 1<<20)
	for i := range legs - 1 {
		leg, why, err := in.Pull(win, l, Bound{size, size})
		if err != nil || leg == nil || leg.Length != size || leg.Offset != uint64(i*size) || leg.Number != uint64(i) {
			t.Fatalf("leg %d: %+v, %v, %v", i, leg, why, err)
		}
		leg.Drop()
	}
	if want := []int{legs*size + rest, 0}; !slices.Equal(calls, want) { // the last call finds that nothing more is there
		t.Errorf("calls moved %d bytes, want %d", calls, want)
	}
	if in.Size() != (legs-1)*size || !in.Ahead() {
		t.Errorf("%d bytes are in the stream; more are read: %v", in.Size(), in.Ahead())
	}
	win.Release()
	if n := pool.InUse(); n != 2 {
		t.Errorf("%d buffers have what was read ahead, want 2", n)
	}
	in.Close()
	if n := pool.InUse(); n != 0 {
		t.Errorf("%d buffers were not given back", n)
	}
}
