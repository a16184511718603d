package engine

import (
	"testing"
	"time"
)

// The end of a stream does not wait for a loop whose thread is stuck.
func TestHaltIsBounded(t *testing.T) {
	l, err := newLoop(0, -1, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	l.tick, l.after = func() {}, func() bool { return false }
	go l.run()
	stuck, free := make(chan struct{}), make(chan struct{})
	l.post(func() { close(stuck); <-free })
	<-stuck
	if haltAll([]*loop{l}, time.Millisecond) {
		t.Error("a loop ended that is stuck")
	}
	close(free)
	if !haltAll([]*loop{l}, time.Minute) {
		t.Fatal("it does not end when it is free again")
	}
	l.close()
}
