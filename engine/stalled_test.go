package engine_test

import (
	"bytes"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// A disk that does not answer for as long as many heartbeats take, at the source or at the sink: every other link of that end
// beats on, and all comes out.
func TestStalledDisk(t *testing.T) {
	for _, where := range []string{"source", "sink"} {
		t.Run(where, func(t *testing.T) {
			b := prepare(t, enginetest.KindFile, 2_000_000)
			var calls atomic.Int64
			stalled := make(chan bool, 1)
			b.opens(func(end string, o *rig.Setup) {
				if o.Leg = 64 << 10; end != where {
					return
				}
				o.Lapses = func() func() {
					if calls.Add(1) != 3 { // when some links have legs on their way
						return nil
					}
					return func() { stalled <- b.beats[where].beatOn(besiegedLinks-1, soon/2) } // one may be in the middle of that very leg
				}
			})()
			b.tx.wants(engine.StatusDone)
			b.rx.wants(engine.StatusDone)
			select {
			case beat := <-stalled:
				if !beat {
					t.Errorf("links do not beat meanwhile:\n%s%s", b.tx.log, b.rx.log)
				}
			default:
				t.Error("nothing has stalled")
			}
			if got := b.rx.content(); !bytes.Equal(got, b.data) {
				t.Errorf("%d bytes came out, right up to byte %d of %d", len(got), differ(got, b.data), len(b.data))
			}
		})
	}
}

// Legs that were acknowledged while a call on the sink was stuck are delivered once it returns: the sender hears of that at once, since
// it may have no credit left, and no leg will come whose ack would say so.
func TestCreditIsToldAfterAStall(t *testing.T) {
	o := rig.Setup{}
	o.Timing, o.CPUs, o.IO, o.Threads = lazy, unpinned(1), "copy", 2
	stuck, goesOn := make(chan struct{}), make(chan struct{})
	goOn := sync.OnceFunc(func() { close(goesOn) })
	t.Cleanup(goOn)
	var calls atomic.Int64
	o.Lapses = func() func() {
		if calls.Add(1) > 1 {
			return nil
		}
		return func() {
			close(stuck)
			<-goesOn
		}
	}
	rx := receive(t, o, enginetest.KindFile, nil)
	s := newStream(3, 32<<10)
	first, h := rx.link(0), rx.link(1)
	first.send(s.frame(0))
	<-stuck
	h.send(s.frame(1))
	h.until(func(f wire.Header, _ []byte) bool {
		if f.Type == wire.TypeAck && f.B > 0 {
			t.Errorf("%d legs are delivered, and the first one is not", f.B)
		}
		return f.Type == wire.TypeAck && f.A == 2
	})
	goOn()
	said := make(chan wire.Header, 100) // on either link
	for _, h := range []*hand{first, h} {
		go func() {
			for f, _, err := h.frame(); err == nil; f, _, err = h.frame() {
				said <- f
			}
		}()
	}
	until := func(what string, is func(f wire.Header) bool) {
		t.Helper()
		for late := time.After(soon); ; {
			select {
			case f := <-said:
				if is(f) {
					return
				}
			case <-late:
				t.Fatalf("no word of %s", what)
			}
		}
	}
	until("what is delivered", func(f wire.Header) bool { return f.Type == wire.TypeAck && f.B == 2 })
	h.send(s.frame(2), s.end())
	until("the end", func(f wire.Header) bool { return f.Type == wire.TypeDone })
	h.send(wire.Bye{Stream: true}.Append(nil))
	first.c.Close()
	h.c.Close()
	rx.wants(engine.StatusDone)
	if got := rx.content(); !bytes.Equal(got, s.data) {
		t.Errorf("%d bytes came out", len(got))
	}
}
