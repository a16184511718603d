package main_test

import (
	"syscall"
	"testing"
	"time"

	"viamillipede/netio/lab"
)

// Promise 9: standard output carries payload and nothing else.

// TestP9PayloadOnly: whatever the ends have to say, and they say all they can, while links are cut and signals ask for more of it,
// standard output has the payload and nothing else, and standard error has words.
func TestP9PayloadOnly(t *testing.T) {
	p := hosts(t)
	const size, step = 32 * mib, 4 * mib
	l := lab.New(t, lab.Config{Paths: 2})
	in := lab.NewGate()
	in.Hold(0)
	s := p.start(t, l, setup{
		size: size, limit: 3 * time.Minute, in: in,
		words: []string{"threads", "4", "verbose", "20"}, tx: []string{"chaos", "50"},
	})
	for at := int64(step); at < size; at += step {
		in.Hold(at)
		s.wait(s.out.At(at), "a part of the stream")
		s.statusOf(s.tx, s.txSaid)
		s.statusOf(s.rx, s.rxSaid)
	}
	s.must(s.tx.Process.Signal(syscall.SIGUSR2)) // 20 wraps to 0
	in.Open()
	s.finish()
	s.says("tx", s.txSaid, `link \d+ up`)
	s.says("rx", s.rxSaid, `link \d+ up`)
}
