package main_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"viamillipede/netio/lab"
)

// Promise 3: a dead consumer reaches the producer, a dead sender the consumer, with the cause; a dead peer is told from a dead
// network, which is waited out.

// The time in which a dead peer is noticed (15 s, or 16), and a failure is told, each with a margin for a busy machine.
const (
	deadPeerTime = 15*time.Second + 10*time.Second
	toldTime     = 10 * time.Second
)

// TestP3ConsumerKilled: a consumer that dies ends the stream at both ends, also one that stood still before.
func TestP3ConsumerKilled(t *testing.T) {
	p := hosts(t)
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

// TestP3PeerKilled: an end that is killed is a dead peer to the other, which says so, however far the stream was.
func TestP3PeerKilled(t *testing.T) {
	p := hosts(t)
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
	var soon []string
	if sender {
		soon = []string{"dead", "4"} // it may be four times as long: where what the sender had not read yet makes all of its links end by resets
	}
	s := p.start(t, l, setup{
		size: killedSize, limit: 3 * time.Minute, in: in, out: out, rx: soon,
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

// TestP3AllPathsDown: with no path left the stream waits, says so, and goes on.
func TestP3AllPathsDown(t *testing.T) {
	p := hosts(t)
	const size = 96 * mib
	l := shaped(t, 3)
	s := p.start(t, l, setup{
		size: size, limit: 4 * time.Minute,
		words: []string{"threads", "6", "window", "32M", "verbose", "2"},
	})
	s.wait(s.out.At(size/2), "half of the stream")
	for i := range l.Paths() {
		if err := l.PathDown(i); err != nil {
			t.Fatal(err)
		}
	}
	const txWaits, rxWaits = `no path to the receiver works since `, `no path from the sender works since `
	s.until("both ends say that they wait", func() bool {
		return strings.Contains(s.txSaid.String(), txWaits) && strings.Contains(s.rxSaid.String(), rxWaits)
	})
	if moved := s.out.Moved(); moved == size {
		t.Errorf("all %d bytes arrived without a path", moved)
	}
	for i := range l.Paths() {
		if err := l.PathUp(i); err != nil {
			t.Fatal(err)
		}
	}
	s.finish()
	s.says("tx", s.txSaid, txWaits+`(.*\n)+.*a path to the receiver works again, after `)
	s.says("rx", s.rxSaid, rxWaits+`(.*\n)+.*a path from the sender works again, after `)
}
