package main_test

import (
	"slices"
	"syscall"
	"testing"
	"time"

	"viamillipede/engine"
)

// Promise 4: a slow or stopped consumer is back-pressure and not a fault.

// TestP4ConsumerStopped: a consumer that stands still is back-pressure, and kills no link.
func TestP4ConsumerStopped(t *testing.T) {
	p := hosts(t)
	s := p.intoConsumer(t)
	s.signalConsumer(syscall.SIGSTOP)
	s.until("back-pressure reaches the producer", s.producerStands())
	before := s.connections()
	s.pass(small(engine.DefaultDead+2*time.Second, 5*time.Second)) // in which a peer that is away would be dead
	if now := s.connections(); !slices.Equal(before, now) {
		t.Errorf("links before and after the silence:\n%v\n%v", before, now)
	}
	s.signalConsumer(syscall.SIGCONT)
	s.finish()
}
