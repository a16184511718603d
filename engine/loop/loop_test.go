package loop

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// What was posted while a thread was in the middle of its round is called in the rest of that round, which another thread does:
// the wake-up that came with it may be answered already.
func TestRestOfARoundCallsAllThatWasPosted(t *testing.T) {
	l, err := New(0, -1, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var called []string
	l.batch = []func(){func() { called = append(called, "left") }}
	l.Post(func() { called = append(called, "posted") })
	(*waker)(l).Ready(0)
	l.runPosted()
	if len(called) != 2 || called[0] != "left" || called[1] != "posted" {
		t.Errorf("called %v", called)
	}
}

// A loop that wakes up hears of what comes at that moment, and of all that comes later.
func TestNoNudgeIsLost(t *testing.T) {
	l, err := New(0, -1, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	l.Tick, l.After = func() {}, func() bool { return false }
	go l.Run()
	var posters sync.WaitGroup
	var called atomic.Int64
	const each, most = 20_000, 4
	for range most {
		posters.Go(func() {
			for range each {
				l.Post(func() { called.Add(1) })
			}
		})
	}
	posters.Wait()
	heard := make(chan struct{})
	l.Post(func() { close(heard) })
	if _, came := awaited(heard, time.Minute); !came {
		t.Errorf("of %d calls %d were made, and then no more", most*each, called.Load())
		l.wake.Signal()
	}
	if !HaltAll([]*Loop{l}, time.Minute) {
		t.Fatal("the loop does not end")
	}
	l.Close()
}
