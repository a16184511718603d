package main_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/netio/lab"
)

// onLoopback is a stream within one side, of which both programs tell their engine path.
func onLoopback(with setup) setup {
	with.senderSide = lab.RX
	with.to = []string{"tx", "127.0.0.1", "4545"}
	with.words = append([]string{"threads", "4", "verbose", "3"}, with.words...)
	return with
}

// copies is how the summary of a program that had to copy, or chose to, begins to name its way.
const copies = `engine path: copy \(read, write\): `

// countsAlone is how the line begins that says that there are no statistics by BPF.
const countsAlone = `socket statistics: TCP_INFO only: `

// testUnprivileged: nothing needs root. What root alone may do is done without.
func (p programs) testUnprivileged(t *testing.T) {
	l := lab.New(t, lab.Config{})
	const size = 512 * mib // long enough for the answer on BPF to come
	s := p.start(t, l, onLoopback(setup{size: size, limit: time.Minute, credential: nobody()}))
	s.finish()
	s.says("tx", s.txSaid, copies+`no permission for the proof`)
	s.says("tx", s.txSaid, countsAlone+`no permission for BPF`)
	s.says("rx", s.rxSaid, countsAlone+`no permission for BPF`)
	s.says("rx", s.rxSaid, `engine path: splice \(socket to pipe\)`)
}

// testBudget: a user whose pipes are used up by another program has pipes of two pages, and the stream is copied.
func (p programs) testBudget(t *testing.T) {
	const user = 60123 // nobody else's
	giveBack, err := lab.HoardPipes(user)
	if err != nil {
		t.Skipf("no hoard: %v", err)
	}
	defer giveBack()
	l := lab.New(t, lab.Config{})
	for _, plane := range []string{"auto", "splice"} {
		s := p.start(t, l, onLoopback(setup{
			size: 64 * mib, limit: time.Minute, words: []string{"io", plane},
			credential: &syscall.Credential{Uid: user, Gid: user},
		}))
		s.finish()
		s.says("tx", s.txSaid, copies+`.*8192 bytes, 1048576 were asked for: operation not permitted`)
	}
}

// testCallsRefused: a filter that refuses what moves pages by reference changes the way of the bytes alone, and is named.
func (p programs) testCallsRefused(t *testing.T) {
	l := lab.New(t, lab.Config{})
	for _, errno := range []string{"EPERM", "ENOSYS"} {
		for _, plane := range []string{"auto", "splice"} {
			t.Run(errno+plane, func(t *testing.T) {
				s := p.start(t, l, onLoopback(setup{
					size: 64 * mib, limit: time.Minute, words: []string{"io", plane}, before: []string{p.refuse, errno},
				}))
				s.finish()
				s.says("tx", s.txSaid, copies+`.*(not permitted|not implemented)`)
				s.says("rx", s.rxSaid, copies+`splice is refused for the pipe`)
				s.says("tx", s.txSaid, countsAlone+`.*(no permission|not implemented)`)
				s.says("rx", s.rxSaid, countsAlone+`.*(no permission|not implemented)`)
			})
		}
	}
}

// testProducerKilled: a producer is killed, while every link is blocked and its own write is, too. It dies at once, since
// nobody holds its pipe's lock; others who look at the pipe or write to it are not held up either; and what it wrote arrives.
func (p programs) testProducerKilled(t *testing.T) {
	for _, plane := range []string{"auto", "splice", "copy"} {
		t.Run(plane, func(t *testing.T) {
			const first = 64 * mib
			out := lab.NewGate()
			out.Hold(first)
			l := lab.New(t, lab.Config{})
			s := p.start(t, l, onLoopback(setup{
				size: 1 << 30, limit: time.Minute, out: out, producer: p.produce,
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
