package loop

import (
	"testing"
	"time"
)

// The end of a stream does not wait for a loop whose thread is stuck.
func TestHaltIsBounded(t *testing.T) {
	l, err := New(0, -1, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	l.Tick, l.After = func() {}, func() bool { return false }
	go l.Run()
	stuck, free := make(chan struct{}), make(chan struct{})
	l.Post(func() { close(stuck); <-free })
	<-stuck
	if HaltAll([]*Loop{l}, time.Millisecond) {
		t.Error("a loop ended that is stuck")
	}
	close(free)
	if !HaltAll([]*Loop{l}, time.Minute) {
		t.Fatal("it does not end when it is free again")
	}
	l.Close()
}
