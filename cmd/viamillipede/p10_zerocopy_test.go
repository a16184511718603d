package main_test

import (
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/netio/lab"
)

// Promise 10: a faster way to move bytes never changes what is delivered.

// TestP10MemoryLent: a producer gives pages of its memory to the pipe, and writes to them again as soon as they have left it, as it may:
// what is delivered is what they held then, whatever way the bytes took.
func TestP10MemoryLent(t *testing.T) {
	p := hosts(t)
	for _, plane := range []string{"auto", "copy"} {
		t.Run(plane, func(t *testing.T) {
			t.Parallel()
			s := p.start(t, lab.New(t, lab.Config{}), onLoopback(setup{
				size: 256 * mib, limit: 3 * time.Minute, producer: []string{p.produce, "lend"}, words: []string{"io", plane},
			}))
			s.promptly("the end of the producer", func() { s.status(s.producer, 0) })
			s.stdin.Close()
			s.status(s.tx, 0)
			s.status(s.rx, 0)
			s.whole()
		})
	}
}

// TestP10ProducerKilled: a producer is killed, while every link is blocked and its own write is, too. It dies at once, since
// nobody holds its pipe's lock; others who look at the pipe or write to it are not held up either; and what it wrote arrives.
func TestP10ProducerKilled(t *testing.T) {
	p := hosts(t)
	for _, plane := range []string{"auto", "splice", "copy"} {
		t.Run(plane, func(t *testing.T) {
			t.Parallel()
			const first = 64 * mib
			out := lab.NewGate()
			out.Hold(first)
			l := lab.New(t, lab.Config{})
			s := p.start(t, l, onLoopback(setup{
				size: 1 << 30, limit: 3 * time.Minute, out: out, producer: []string{p.produce},
				words: []string{"window", "16M", "io", plane},
			}))
			s.wait(out.At(first), "the first bytes")
			s.until("the producer stands", s.pipeStands())
			s.pipeIsFree()
			if err := s.producer.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			s.promptly("the end of the producer", func() { s.producer.Status() })
			s.stdin.Close()
			out.Open()
			s.status(s.tx, 0)
			s.status(s.rx, 0)
			s.prefix()
		})
	}
}

// pipeStands gives a question: is the sender's pipe as full as it was, and not empty, for half a second?
func (s *stream) pipeStands() func() bool {
	last, since := -1, time.Now()
	return func() bool {
		n, err := unix.IoctlGetInt(int(s.stdin.Fd()), unix.TIOCINQ)
		if err != nil {
			s.t.Fatal(err)
		}
		if n != last || n == 0 {
			last, since = n, time.Now()
		}
		return time.Since(since) > 500*time.Millisecond
	}
}

// pipeIsFree does what needs the lock of the sender's pipe.
func (s *stream) pipeIsFree() {
	s.promptly("looking at the pipe", func() {
		if _, err := unix.FcntlInt(s.stdin.Fd(), unix.F_GETPIPE_SZ, 0); err != nil {
			s.t.Error(err)
		}
		if _, err := unix.IoctlGetInt(int(s.stdin.Fd()), unix.TIOCINQ); err != nil {
			s.t.Error(err)
		}
	})
	s.promptly("a write that does not wait", func() {
		fd, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", s.stdin.Fd()), unix.O_WRONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err != nil {
			s.t.Error(err)
			return
		}
		defer unix.Close(fd)
		if _, err := unix.Write(fd, make([]byte, 8192)); err != unix.EAGAIN {
			s.t.Errorf("a write into a full pipe: %v", err)
		}
	})
}

// promptly fails the test when f takes long.
func (s *stream) promptly(what string, f func()) {
	s.t.Helper()
	done := make(chan struct{})
	go func() { f(); close(done) }()
	select {
	case <-done:
	case <-time.After(toldTime):
		s.t.Fatalf("%s takes longer than %v", what, toldTime)
	}
}
