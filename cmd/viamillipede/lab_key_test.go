package main_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/engine/wire"
	"viamillipede/netio/lab"
)

// Private streams: with a key at both ends every promise holds as it does without, and nobody on the way reads anything.

// keyed makes a key, and gives the words that name it.
func (p programs) keyed(t *testing.T) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key")
	if out, err := exec.CommandContext(t.Context(), p.viamillipede, "keygen", file).CombinedOutput(); err != nil {
		t.Fatalf("keygen: %v\n%s", err, out)
	}
	return []string{"key", file}
}

// TestP1SealedLinksKilled: sealed links die all the time, at either end, and no byte is lost.
func TestP1SealedLinksKilled(t *testing.T) {
	p := hosts(t)
	l := lab.New(t, lab.Config{Paths: 3})
	in := lab.NewGate()
	in.Rate(64 * mib)
	s := p.start(t, l, setup{
		size: small[int64](128*mib, 64*mib), limit: 4 * time.Minute, in: in, words: append(p.keyed(t), "threads", "16", "verbose", "1"),
	})
	stop := s.killLinks()
	s.finish()
	if killed := stop(); killed < 5 {
		t.Errorf("%d links killed: that proves nothing", killed)
	}
}

// TestP3SealedPeerKilled: an end that is killed is a dead peer to the other, whichever of them dials.
func TestP3SealedPeerKilled(t *testing.T) {
	p := hosts(t)
	const size = 64 * mib
	for _, victim := range []string{"Sender", "Receiver"} {
		for _, reversed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s dialled %v", victim, reversed), func(t *testing.T) {
				t.Parallel()
				in := lab.NewGate()
				in.Hold(size / 2)
				s := p.start(t, lab.New(t, lab.Config{Paths: 2}), setup{
					size: size, limit: 3 * time.Minute, reversed: reversed, in: in,
					words: append(p.keyed(t), "threads", "4", "window", "4M", "verbose", "2", "dead", "2"),
				})
				s.wait(s.out.At(size/2), "the moment to kill")
				dies, lives, said := s.tx, s.rx, s.rxSaid
				if victim == "Receiver" {
					dies, lives, said = s.rx, s.tx, s.txSaid
				}
				s.must(dies.Process.Kill())
				s.status(lives, 5)
				s.says("the end that is left", said, `is gone`)
				s.prefix()
			})
		}
	}
}

// TestP3SealedConsumerKilled: a consumer that dies ends the stream at both ends.
func TestP3SealedConsumerKilled(t *testing.T) {
	p := hosts(t)
	s := p.start(t, lab.New(t, lab.Config{Paths: 2}), setup{
		size: 512 * mib, limit: 3 * time.Minute, consumer: p.consume, words: append(p.keyed(t), "threads", "4", "verbose", "2"),
	})
	s.wait(s.in.At(16*mib), "the first bytes")
	s.signalConsumer(syscall.SIGKILL)
	s.status(s.rx, 6)
	s.status(s.tx, 7)
	s.says("tx", s.txSaid, `(?i)consumer`)
}

// TestP8SealedStrangers: the running stream does not notice who else comes to the port, and strangers hear that there is a key.
func TestP8SealedStrangers(t *testing.T) {
	p := hosts(t)
	const size = 64 * mib
	l := lab.New(t, lab.Config{Paths: 1})
	in := lab.NewGate()
	in.Hold(size / 2) // so that the stream does not end before the last stranger has gone
	s := p.start(t, l, setup{
		size: size, limit: 3 * time.Minute, in: in, words: append(p.keyed(t), "threads", "16", "verbose", "1"),
	})
	s.wait(s.out.At(size/2), "half of the stream")
	if err := visitAll(s.deadline, l, lab.TX, net.JoinHostPort(l.Address(lab.RX, 0), fmt.Sprint(labPort)), wire.VerdictKey); err != nil {
		t.Errorf("strangers: %v", err)
	}
	in.Open()
	s.finish()
	s.had("tx", "lost-links", none)
	s.had("rx", "lost-links", none)
	s.had("rx", "refused", some)
}

// eavesdropper listens to what goes over the lab's paths, and tells whether any of a counter stream was in it.
type eavesdropper struct {
	bytes atomic.Int64 // of all packets
	heard atomic.Int64 // packets that hold two successive words of a counter stream
	idle  atomic.Int64 // times that no packet was there
}

// eavesdrop begins to listen at the receiver's host, until the test ends.
func eavesdrop(t *testing.T, l *lab.Lab) *eavesdropper {
	t.Helper()
	e, fd := &eavesdropper{}, -1
	err := l.Visit(lab.RX, func() (err error) {
		const all = unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8
		fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, all)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 128*mib)
	_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 50000})
	end, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 128<<10)
		for {
			select {
			case <-end:
				return
			default:
			}
			if n, _, err := unix.Recvfrom(fd, b, 0); err == nil {
				e.note(b[:n])
			} else {
				e.idle.Add(1)
			}
		}
	}()
	t.Cleanup(func() { close(end); <-done; unix.Close(fd) })
	return e
}

// settle waits until it has seen what went over the paths before.
func (e *eavesdropper) settle(s *stream) {
	s.t.Helper()
	for before := e.idle.Load(); e.idle.Load() < before+2; {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-s.deadline.Done():
			s.t.Fatal("the eavesdropper is still listening")
		}
	}
	if e.bytes.Load() == 0 {
		s.t.Error("the eavesdropper has seen nothing")
	}
}

// note takes in a packet. The first words of a counter stream are mostly zeros, as other bytes may be.
func (e *eavesdropper) note(b []byte) {
	e.bytes.Add(int64(len(b)))
	for i := 0; i+16 <= len(b); i++ {
		word := binary.LittleEndian.Uint64(b[i:])
		if word > 1<<10 && word < 1<<32 && binary.LittleEndian.Uint64(b[i+8:]) == word+1 {
			e.heard.Add(1)
			return
		}
	}
}

// TestKeyCapture: of a stream with a key nothing can be read on the way; without one, that same eavesdropper reads it.
func TestKeyCapture(t *testing.T) {
	p := hosts(t)
	const size = 4 * mib
	for _, private := range []bool{true, false} {
		t.Run(fmt.Sprint("private ", private), func(t *testing.T) {
			t.Parallel()
			l := lab.New(t, lab.Config{Paths: 1})
			e := eavesdrop(t, l)
			with := setup{size: size, limit: 3 * time.Minute, words: []string{"threads", "4"}}
			if private {
				with.words = append(with.words, p.keyed(t)...)
			}
			s := p.start(t, l, with)
			s.finish()
			e.settle(s)
			if e.bytes.Load() < size {
				t.Errorf("the eavesdropper has seen %d bytes", e.bytes.Load())
			}
			if heard := e.heard.Load() > 0; heard == private {
				t.Errorf("the stream was read: %v", heard)
			}
		})
	}
}

// TestKeyAtOneEndCapture: with a key at one end only, nothing of the stream is on the wire.
func TestKeyAtOneEndCapture(t *testing.T) {
	p := hosts(t)
	for _, who := range []string{"Sender", "Receiver"} {
		for _, reversed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s dialled %v", who, reversed), func(t *testing.T) {
				t.Parallel()
				l := lab.New(t, lab.Config{Paths: 1})
				e := eavesdrop(t, l)
				with := setup{size: mib, limit: 3 * time.Minute, reversed: reversed, tx: p.keyed(t), words: []string{"threads", "4"}}
				if who == "Receiver" {
					with.tx, with.rx = nil, with.tx
				}
				s := p.start(t, l, with)
				dials, waits, said := s.tx, s.rx, s.txSaid
				if reversed {
					dials, waits, said = s.rx, s.tx, s.rxSaid
				}
				s.status(dials, 3)
				s.says("the end that dials", said, `both ends need the same key, or none`)
				s.must(waits.Process.Signal(syscall.SIGTERM))
				s.status(waits, 143)
				e.settle(s)
				if e.heard.Load() > 0 {
					t.Error("some of the stream was sent")
				}
			})
		}
	}
}

// What comes to the port in TestLabHalfOpen.
const (
	halfOpen = 10000 // connections
	atOnce   = 500   // of them that are open at the same time
	openers  = 8     // goroutines that connect

	halfOpenMost = 32 * mib // of memory at the receiver's peak: what it has for those that are there, and what is left to collect of the others
)

// TestLabHalfOpen: thousands of connections that begin a handshake and do not end it take nothing from a stream that a path bounds, and
// no memory to speak of; a link that is lost meanwhile comes back.
func TestLabHalfOpen(t *testing.T) {
	p := measured(t)
	l := pathsOf(t, []uint64{1000})
	with := endlessly(16)
	with.words = append(append(with.words, p.keyed(t)...), "window", "32M") // so that the stream itself has all its memory soon
	s := p.start(t, l, with)
	s.wait(s.out.At(64*mib), "the first bytes")
	s.until("every link is up", func() bool { return s.links(-1) == 16 })
	rate := func(while func()) float64 {
		began, before := time.Now(), s.out.Moved()
		while()
		return float64(s.out.Moved()-before) / time.Since(began).Seconds()
	}
	before := rate(func() { s.pass(3 * time.Second) })
	memory := s.usage()[lab.RX]
	flood := func() <-chan error {
		opened := make(chan error, 1)
		go func() {
			opened <- openHalves(s.deadline, l, net.JoinHostPort(l.Address(lab.RX, 0), fmt.Sprint(labPort)))
		}()
		return opened
	}
	during := rate(func() { s.must(<-flood()) })
	after := rate(func() { s.pass(3 * time.Second) })
	opened := flood()
	s.must(s.lab.Destroy(lab.TX, s.connections()[0]))
	s.until("every link is up again", func() bool { return s.links(-1) == 16 })
	s.must(<-opened)
	grown := s.usage()[lab.RX].Peak - memory.Resident
	t.Logf("%.1f MB/s before %d half-open handshakes, %.1f meanwhile, %.1f afterwards; the receiver's peak was %.1f MiB above the %.1f MiB it had before",
		before/mb, halfOpen, during/mb, after/mb, float64(grown)/mib, float64(memory.Resident)/mib)
	if during < 0.9*min(before, after) {
		t.Error("the stream lost more than a tenth")
	}
	if grown > halfOpenMost {
		t.Error("they cost memory")
	}
	s.enough()
	s.finish()
}

// openHalves opens them: silent ones, and such as begin with a part of a first flight, or with all of one that was made without the key.
func openHalves(ctx context.Context, l *lab.Lab, address string) error {
	flight := slices.Concat([]byte("\xf9VMP\x02\x00"), make([]byte, 26), []byte{22, 3, 1, 5, 220}, make([]byte, 1500))
	var all sync.WaitGroup
	errs := make([]error, openers)
	for i := range openers {
		all.Go(func() {
			errs[i] = l.Visit(lab.TX, func() error {
				var open []net.Conn
				defer func() {
					for _, c := range open {
						c.Close()
					}
				}()
				for n := range halfOpen / openers {
					c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
					if err != nil {
						return err
					}
					_, _ = c.Write(flight[:n*61%(len(flight)+1)]) // may meet a reset
					if open = append(open, c); len(open) > atOnce/openers {
						open[0].Close()
						open = open[1:]
					}
				}
				return nil
			})
		})
	}
	all.Wait()
	return errors.Join(errs...)
}
