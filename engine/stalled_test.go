package engine_test

import (
	"bytes"
	"sync/atomic"
	"testing"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/rig"
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
