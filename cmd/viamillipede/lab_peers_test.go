package main_test

import (
	"regexp"
	"slices"
	"syscall"
	"testing"
	"time"

	"viamillipede/netio/lab"
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

// testSenderStopped: a sender that is stopped while the consumer stands still, and has one link, is heard of as soon as the
// consumer goes on: its word waits behind a leg that could not be delivered.
func (p programs) testSenderStopped(t *testing.T) {
	t.Parallel()
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
	for _, when := range moments {
		t.Run("Sender"+when.name, func(t *testing.T) {
			t.Parallel()
			p.killPeer(t, when, true)
		})
		t.Run("Receiver"+when.name, func(t *testing.T) {
			t.Parallel()
			p.killPeer(t, when, false)
		})
	}
}

// moment is how far a stream is when one of its ends is killed.
type moment struct {
	name string
	held int64 // the producer waits when it has written so much; < 0 is never
	seen int64 // the consumer has so much
	last bool  // the stream may be complete before the signal comes
}

const killedSize = 256 * mib // bytes of the streams that are cut short

var moments = []moment{
	{"Start", 1, 1, false},
	{"Middle", -1, killedSize / 2, false},
	{"End", killedSize - 1, killedSize - 1, false},
	{"Last", -1, killedSize, true}, // every byte is there; the end may have been said and confirmed, or not
}

func (p programs) killPeer(t *testing.T, when moment, sender bool) {
	in, out := lab.NewGate(), lab.NewGate()
	in.Hold(when.held)
	l := lab.New(t, lab.Config{Paths: 2})
	s := p.start(t, l, setup{
		size: killedSize, limit: 90 * time.Second, in: in, out: out,
		words: []string{"threads", "4", "window", "4M", "verbose", "2"},
	})
	s.wait(out.At(when.seen), "the moment to kill")
	victim, survivor, said := s.rx, s.tx, s.txSaid
	if sender {
		victim, survivor, said = s.tx, s.rx, s.rxSaid
	}
	if err := victim.Process.Kill(); err != nil && !when.last {
		t.Fatal(err)
	}
	killed := time.Now()
	if when.last && s.ended(survivor) == 0 {
		s.whole()
		return
	}
	s.status(survivor, 5)
	if took := time.Since(killed); took > deadPeerTime {
		t.Errorf("noticed after %v, want at most %v", took, deadPeerTime)
	}
	s.says("the end that is left", said, `(?i)is gone|dead`)
	s.prefix()
}
