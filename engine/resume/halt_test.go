package resume

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// stuckFile is a file of which each read brings one byte, once somebody lets it.
type stuckFile struct {
	lets   chan struct{}
	reads  atomic.Int32
	closed atomic.Bool
}

func newStuckFile() *stuckFile { return &stuckFile{lets: make(chan struct{})} }

func (f *stuckFile) ReadAt([]byte, int64) (int, error) {
	f.reads.Add(1)
	<-f.lets
	return 1, nil
}

func (*stuckFile) NextData(offset int64) int64 { return offset }

func (f *stuckFile) Close() error {
	f.closed.Store(true)
	return nil
}

// ends checks that whoever closes the file does not wait long for calls that read it, and that it is closed when they come back, and not before.
func (f *stuckFile) ends(t *testing.T, closes func()) {
	t.Helper()
	begun, reads := time.Now(), f.reads.Load()
	closes()
	if took := time.Since(begun); took != schedule.HaltMost {
		t.Errorf("the end has waited for %v, at most %v", took, schedule.HaltMost)
	}
	if f.closed.Load() {
		t.Error("the file is closed while it is read")
	}
	close(f.lets)
	synctest.Wait()
	if n := f.reads.Load(); n != reads {
		t.Errorf("%d reads after the end", n-reads)
	}
	if !f.closed.Load() {
		t.Error("the file is not closed when nobody reads it any more")
	}
}

// payloadOf is a frame as a link has it.
func payloadOf(t *testing.T, frame []byte) (wire.Header, []byte) {
	t.Helper()
	h, err := wire.ParseHeader(frame)
	if err != nil {
		t.Fatal(err)
	}
	return h, frame[wire.HeaderLen:]
}

// A source is not given back while it is read, and is read no further once the stream has ended, in the middle of a piece too.
func TestSourceIsKeptWhileItIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newStuckFile()
		a := NewAgreement(f, 0, 2*wire.Piece, [wire.KeyLen]byte{}, func() {}, nil)
		h, payload := payloadOf(t, wire.Digests{Pieces: 2, List: make([]wire.Digest, 2)}.Append(nil))
		if err := a.Hear(h, payload); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		f.ends(t, func() { a.Close(func() { f.Close() }) })
	})
}

// The file of a receiver is not closed while it is read for a sender that has gone.
func TestSinkIsKeptWhileItIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newStuckFile()
		r := &Reach{from: f, pieces: 1, news: func() {}}
		for i := range byte(2) {
			h, payload := payloadOf(t, wire.Ask{Key: [wire.KeyLen]byte{i}}.Append(nil))
			if err := r.Asked(h, payload, wire.FeatureKeep, &Teller{}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			r.Forget()
		}
		f.ends(t, r.Close)
	})
}
