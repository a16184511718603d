package ways

import (
	"context"
	"testing"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/netio"
)

// listener has every event handed over.
type listener chan observe.Event

func (listener) Enabled(observe.Level) bool { return true }
func (l listener) Observe(e observe.Event)  { l <- e }

// What holds the links of a path back is told once, by a goroutine that the dialer joins.
func TestHint(t *testing.T) {
	told := make(listener)
	d := New(Config{Observer: told}, []stream.Path{{Host: "a", Port: 1}, {Host: "b", Port: 2}}, 2)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	d.ctx = ctx
	d.wg.Go(func() { d.TellHints(ctx) })
	q := netio.Queue{Busy: schedule.HintAfter, MinRTT: schedule.HintTrip}
	d.Hint(d.paths[0], q)
	q.SendLimited = q.Busy
	for range 2 {
		d.Hint(d.paths[0], q)
	}
	q.SendLimited, q.ReceiveLimited = 0, q.Busy
	d.Hint(d.paths[1], q)
	for _, want := range []observe.BufferLimits{{Path: "a:1", Share: 1}, {Path: "b:2", Share: 1, Receive: true}} {
		select {
		case e := <-told:
			got := e.(observe.BufferLimits)
			got.Setting = ""
			if got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("nothing is told")
		}
	}
	cancel()
	d.Wait()
}
