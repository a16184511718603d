package ingest

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"viamillipede/engine/loop"
	"viamillipede/engine/resume"
	"viamillipede/engine/window"
	"viamillipede/engine/wire"
)

// slowFile is a file of which each read takes a while.
type slowFile struct{ reads atomic.Int32 }

const aRead = 100 * time.Millisecond

func (f *slowFile) ReadAt(p []byte, _ int64) (int, error) {
	f.reads.Add(1)
	time.Sleep(aRead)
	return len(p), nil
}

func (*slowFile) NextData(offset int64) int64 { return offset }

// The end of a stream waits until nobody reads the source to compare it: a look for holes would move the offset that is left to the user.
func TestEndHaltsTheComparison(t *testing.T) {
	const pieces = 100 // more than are read at a time
	name := filepath.Join(t.TempDir(), "source")
	if err := os.WriteFile(name, []byte("a stream"), 0o600); err != nil {
		t.Fatal(err)
	}
	source, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	synctest.Test(t, func(t *testing.T) {
		l, err := loop.New(0, -1, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		in := Intake{at: l}
		if err := in.Open(Config{Source: int(source.Fd())}); err != nil {
			t.Fatal(err)
		}
		file := &slowFile{}
		in.Agreement = resume.NewAgreement(file, 0, pieces*wire.Piece, [wire.KeyLen]byte{}, func() {}, nil)
		frame := wire.Digests{Pieces: pieces, List: make([]wire.Digest, 1)}.Append(nil)
		h, err := wire.ParseHeader(frame)
		if err == nil {
			err = in.Agreement.Hear(h, frame[wire.HeaderLen:])
		}
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // it is being read
		reads, begun := file.reads.Load(), time.Now()
		in.End(window.New(1, 0, 1<<20))
		if took := time.Since(begun); took != aRead {
			t.Errorf("the end has waited for %v, a read takes %v", took, aRead)
		}
		time.Sleep(2 * aRead)
		if n := file.reads.Load(); n != reads {
			t.Errorf("%d reads after the end", n-reads)
		}
		in.Close()
	})
}
