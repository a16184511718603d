package main_test

import (
	"regexp"
	"slices"
	"syscall"
	"testing"
	"time"

	"viamillipede/cmd/viamillipede/internal/lab"
)

// The time in which a dead peer is noticed (15 s), and a failure is told, each with a margin for a busy machine.
const (
	deadPeerTime = 15*time.Second + 10*time.Second
	toldTime     = 10 * time.Second
)

// nobody is a user without rights.
func nobody() *syscall.Credential { return &syscall.Credential{Uid: 65534, Gid: 65534} }

// testConsumerStopped: a consumer that stands still is back-pressure, and kills no link.
func (p programs) testConsumerStopped(t *testing.T) {
	t.Parallel()
	s := p.intoConsumer(t)
	s.signalConsumer(syscall.SIGSTOP)
	s.until("back-pressure reaches the producer", s.producerStands())
	before := s.connections()
	<-time.After(small(20*time.Second, 5*time.Second))
	if now := s.connections(); !slices.Equal(before, now) {
		t.Errorf("links before and after the silence:\n%v\n%v", before, now)
	}
	s.signalConsumer(syscall.SIGCONT)
	s.finish()
}

// testConsumerKilled: a consumer that dies ends the stream at both ends, also one that stood still before.
func (p programs) testConsumerKilled(t *testing.T) {
	t.Parallel()
	s := p.intoConsumer(t)
	s.signalConsumer(syscall.SIGSTOP)
	s.until("back-pressure reaches the producer", s.producerStands())
	s.signalConsumer(syscall.SIGKILL)
	killed := time.Now()
	s.status(s.rx, 6)
	s.status(s.tx, 7)
	if took := time.Since(killed); took > toldTime {
		t.Errorf("both ends were gone after %v, want at most %v", took, toldTime)
	}
	s.says("tx", s.txSaid, `(?i)receiver|consumer`)
	s.says("rx", s.rxSaid, `(?i)consumer|standard output`)
}

// intoConsumer starts a stream into a consumer of its own, and lets some of it pass.
func (p programs) intoConsumer(t *testing.T) *stream {
	t.Helper()
	l := lab.New(t, lab.Config{Paths: 2})
	in := lab.NewGate()
	s := p.start(t, l, setup{
		size: 512 * mib, limit: 90 * time.Second, consumer: p.consume, in: in,
		words: []string{"threads", "4", "window", "16M", "verbose", "2"},
	})
	s.until("every link is up", func() bool { return s.links(-1) == 4 })
	s.wait(in.At(64*mib), "the first bytes")
	return s
}

func (s *stream) signalConsumer(sig syscall.Signal) {
	s.t.Helper()
	if err := s.consumer.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// producerStands gives a question: has the producer written nothing for half a second?
func (s *stream) producerStands() func() bool {
	last, since := s.in.Moved(), time.Now()
	return func() bool {
		if now := s.in.Moved(); now != last {
			last, since = now, time.Now()
		}
		return time.Since(since) > 500*time.Millisecond
	}
}

func (s *stream) connections() []lab.Conn {
	s.t.Helper()
	list, err := s.lab.Connections(s.setup.senderSide, labPort)
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

// says checks that a program named the cause of its failure.
func (s *stream) says(who string, said *lab.Text, want string) {
	s.t.Helper()
	if !regexp.MustCompile(want).MatchString(said.String()) {
		s.t.Errorf("%s does not name the cause: nothing matches %s", who, want)
	}
}

// testPeerKilled: an end that is killed is a dead peer to the other, which says so, however far the stream was.
func (p programs) testPeerKilled(t *testing.T) {
	for _, when := range []string{"Start", "Middle", "End"} {
		t.Run("Sender"+when, func(t *testing.T) {
			t.Parallel()
			p.killPeer(t, when, true)
		})
		t.Run("Receiver"+when, func(t *testing.T) {
			t.Parallel()
			p.killPeer(t, when, false)
		})
	}
}

// killPeer kills one end of a stream that was brought to the start, the middle or the end:
//
//	        producer              consumer
//	start   waits after 1 byte    has that byte
//	middle  goes on               goes on
//	end     has closed its pipe   has yet to take what the receiver holds
func (p programs) killPeer(t *testing.T, when string, sender bool) {
	const size, rest = 256 * mib, 40 * mib // rest fits the larger window, and not the consumer's pipe
	in, out, window := lab.NewGate(), lab.NewGate(), "4M"
	switch when {
	case "Start":
		in.Hold(1)
	case "End":
		out.Hold(size - rest)
		window = "64M"
	}
	l := lab.New(t, lab.Config{Paths: 2})
	s := p.start(t, l, setup{
		size: size, limit: 90 * time.Second, in: in, out: out,
		words: []string{"threads", "4", "window", window, "verbose", "2"},
	})
	switch when {
	case "Start":
		s.wait(out.At(1), "the first byte")
	case "Middle":
		s.wait(out.At(size/2), "half of the stream")
	case "End":
		s.wait(out.At(size-rest), "the stream but for its end")
		s.wait(in.At(size), "all of the stream, at the sender")
	}
	victim, survivor, said := s.rx, s.tx, s.txSaid
	if sender {
		victim, survivor, said = s.tx, s.rx, s.rxSaid
	}
	if err := victim.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	out.Open()
	if sender && when == "End" && s.ended(survivor) == 0 {
		s.whole() // right too: the sender had said that this was the end
		return
	}
	s.status(survivor, 5)
	if took := time.Since(killed); took > deadPeerTime {
		t.Errorf("noticed after %v, want at most %v", took, deadPeerTime)
	}
	s.says("the end that is left", said, `(?i)is gone|dead`)
	s.prefix()
}
