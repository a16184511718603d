package main_test

import (
	"syscall"
	"testing"
	"time"

	"viamillipede/netio/lab"
)

// Promise 2: both ends succeed only when every byte was written and the end was seen; a stream cut short is never a quiet end of
// file.

// TestP2SenderStopped: a sender that is stopped while the consumer stands still, and has one link, is heard of as soon as the
// consumer goes on: its word waits behind a leg that could not be delivered.
func TestP2SenderStopped(t *testing.T) {
	p := hosts(t)
	const first = 8 * mib
	out := lab.NewGate()
	out.Hold(first)
	l := lab.New(t, lab.Config{Paths: 1})
	s := p.start(t, l, setup{
		size: 256 * mib, limit: settleTime, out: out,
		words: []string{"threads", "1", "window", "4M", "verbose", "2"},
	})
	s.wait(out.At(first), "the first bytes")
	s.until("back-pressure reaches the producer", s.producerStands())
	if err := s.tx.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.status(s.tx, 143)
	stopped := time.Now()
	out.Open()
	s.status(s.rx, 7)
	if took := time.Since(stopped); took > toldTime {
		t.Errorf("the receiver was gone after %v, want at most %v", took, toldTime)
	}
	s.says("rx", s.rxSaid, `the sender failed: stopped by SIGTERM`)
	s.prefix()
}

// TestP2PathsGone: a stream whose paths are away for longer than both ends were told to wait is cut short at both, and they say so.
func TestP2PathsGone(t *testing.T) {
	p := hosts(t)
	const first = 8 * mib
	in := lab.NewGate()
	in.Hold(first)
	l := lab.New(t, lab.Config{Paths: 2})
	s := p.start(t, l, setup{
		size: 256 * mib, limit: settleTime, in: in, words: []string{"threads", "4", "verbose", "2", "giveup", "2"},
	})
	s.wait(s.out.At(first), "the first bytes")
	for i := range l.Paths() {
		s.must(l.PathDown(i))
	}
	in.Open()
	s.status(s.tx, 5)
	s.status(s.rx, 5)
	s.says("tx", s.txSaid, `giveup`)
	s.says("rx", s.rxSaid, `giveup`)
	s.prefix()
}
