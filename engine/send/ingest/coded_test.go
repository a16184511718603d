package ingest

import (
	"os"
	"testing"
	"time"

	"viamillipede/bufpool"
	"viamillipede/engine/loop"
	"viamillipede/engine/sidechain"
	"viamillipede/engine/window"
)

// copies is a program that writes what it reads, once it is let.
type copies struct{ let chan struct{} }

func (c copies) Run(dst, src []byte) (int, error) {
	<-c.let
	return copy(dst, src), nil
}

func (copies) Spent() time.Duration { return 0 }
func (copies) End()                 {}

// What comes while a block is being coded is gathered in the next one, and what comes when nothing is leaves at once.
func TestBlocksGather(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	pool, err := bufpool.New(bufpool.Config{Shards: 1, Buffers: 8, Size: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	l, err := loop.New(0, -1, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	let, coded := make(chan struct{}), make(chan struct{}, 1)
	var in Intake
	err = in.Open(Config{
		Source: int(r.Fd()), IO: "copy", Granted: func() { coded <- struct{}{} }, Refused: func(err error) { t.Error(err) },
		Chain: sidechain.Chain{Steps: []sidechain.Step{{Codec: sidechain.Command, Program: copies{let}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	in.FillFrom(pool)
	in.StartCoding(2, 1<<20, 8, func() time.Duration { return 0 })
	win := window.New(8, 0, 1<<20)
	pull := func(most Hunger, want uint32) {
		t.Helper()
		leg, why, err := in.Pull(win, l, Bound{1 << 20, 1 << 20})
		switch {
		case err != nil:
			t.Fatal(err)
		case leg == nil && (want > 0 || why != most):
			t.Fatalf("no leg: %v, want %v or %d bytes", why, most, want)
		case leg != nil && leg.Span() != want:
			t.Fatalf("a leg of %d bytes, want %d", leg.Span(), want)
		case leg != nil:
			leg.Drop()
		}
	}
	write := func(n int) {
		if _, err := w.Write(make([]byte, n)); err != nil {
			t.Fatal(err)
		}
	}
	within := func() {
		select {
		case let <- struct{}{}:
		case <-time.After(30 * time.Second):
			t.Fatal("nothing is being coded")
		}
		<-coded
	}
	write(1000)
	pull(NoInput, 0) // it is being coded
	write(300)
	pull(NoInput, 0)
	write(200)
	pull(NoInput, 0)
	within()
	pull(Fed, 1000)
	pull(NoInput, 0) // what was gathered is being coded
	within()
	pull(Fed, 500)
	write(100)
	pull(NoInput, 0)
	write(50)
	w.Close()
	within()
	pull(Fed, 100) // and what comes last, is read
	within()
	pull(Fed, 50)
	pull(NoMore, 0)
	if in.Size() != 1650 || in.Total.Legs != 4 {
		t.Errorf("%d bytes, %+v", in.Size(), in.Total)
	}
	win.Release()
	in.Close()
	if n := pool.InUse(); n != 0 {
		t.Errorf("%d buffers were not given back", n)
	}
}
