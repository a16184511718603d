package receive

import (
	"testing"
	"testing/synctest"
	"time"
)

// A program that ends at once, when Run is about to cut the file, waits for that, but no longer than it wants to.
func TestCutWaitsForTheEnd(t *testing.T) {
	for _, c := range []struct {
		name         string
		runs, atMost time.Duration
		want         time.Duration
	}{
		{"cut in time", 300 * time.Millisecond, time.Second, 300 * time.Millisecond},
		{"not cut in time", time.Hour, time.Second, time.Second},
		{"cut before", 0, time.Second, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &Receiver{gone: make(chan struct{})}
				r.life.Curtain.Fall()
				begun := time.Now()
				over := time.AfterFunc(c.runs, func() { close(r.gone) })
				defer over.Stop()
				synctest.Wait()
				if r.Cut(c.atMost); time.Since(begun) != c.want {
					t.Errorf("it took %v, want %v", time.Since(begun), c.want)
				}
			})
		})
	}
}
