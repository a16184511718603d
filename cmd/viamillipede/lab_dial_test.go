package main_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"viamillipede/engine/wire"
	"viamillipede/netio/lab"
)

// The receiver dials and the sender listens: what is promised of a stream holds in that direction too.

// TestDialLinksKilled: links die all the time, at either end, and no byte is lost.
func TestDialLinksKilled(t *testing.T) {
	p := hosts(t)
	l := lab.New(t, lab.Config{Paths: 3})
	s := p.start(t, l, setup{
		size: small[int64](512*mib, 128*mib), limit: 4 * time.Minute, reversed: true, words: []string{"threads", "16", "verbose", "1"},
	})
	stop := s.killLinks()
	s.finish()
	if killed := stop(); killed < 5 {
		t.Errorf("%d links killed: that proves nothing", killed)
	}
}

// TestDialPeerKilled: an end that is killed is a dead peer to the other: the receiver asks, and the sender waits for it to come back.
func TestDialPeerKilled(t *testing.T) {
	p := hosts(t)
	for _, victim := range []string{"Sender", "Receiver"} {
		t.Run(victim, func(t *testing.T) {
			t.Parallel()
			l := lab.New(t, lab.Config{Paths: 2})
			s := p.start(t, l, setup{
				size: killedSize, limit: 3 * time.Minute, reversed: true,
				words: []string{"threads", "4", "window", "4M", "verbose", "2", "dead", "4"},
			})
			s.wait(s.out.At(killedSize/2), "the moment to kill")
			dies, lives, said := s.tx, s.rx, s.rxSaid
			if victim == "Receiver" {
				dies, lives, said = s.rx, s.tx, s.txSaid
			}
			s.must(dies.Process.Kill())
			killed := time.Now()
			s.status(lives, 5)
			if took := time.Since(killed); took > deadPeerTime {
				t.Errorf("noticed after %v, want at most %v", took, deadPeerTime)
			}
			s.says("the end that is left", said, `is gone`)
			s.prefix()
		})
	}
}

// TestDialConsumerKilled: a consumer that dies ends the stream at both ends.
func TestDialConsumerKilled(t *testing.T) {
	p := hosts(t)
	l := lab.New(t, lab.Config{Paths: 2})
	s := p.start(t, l, setup{
		size: 512 * mib, limit: 3 * time.Minute, consumer: p.consume, reversed: true, words: []string{"threads", "4", "verbose", "2"},
	})
	s.wait(s.in.At(16*mib), "the first bytes")
	s.signalConsumer(9)
	s.status(s.rx, 6)
	s.status(s.tx, 7)
	s.says("tx", s.txSaid, `(?i)consumer`)
}

// TestDialPathsDown: with no path left the stream waits, both ends say so, and it goes on.
func TestDialPathsDown(t *testing.T) {
	p := hosts(t)
	const size = 96 * mib
	l := shaped(t, 3)
	s := p.start(t, l, setup{
		size: size, limit: 4 * time.Minute, reversed: true, words: []string{"threads", "6", "window", "32M", "verbose", "2"},
	})
	s.wait(s.out.At(size/2), "half of the stream")
	for i := range l.Paths() {
		s.must(l.PathDown(i))
	}
	const txWaits, rxWaits = `no path from the receiver works since `, `no path to the sender works since `
	s.until("both ends say that they wait", func() bool {
		return strings.Contains(s.txSaid.String(), txWaits) && strings.Contains(s.rxSaid.String(), rxWaits)
	})
	for i := range l.Paths() {
		s.must(l.PathUp(i))
	}
	s.finish()
	s.says("tx", s.txSaid, txWaits+`(.*\n)+.*a path from the receiver works again, after `)
	s.says("rx", s.rxSaid, rxWaits+`(.*\n)+.*a path to the sender works again, after `)
}

// TestDialOrder: the sender keeps to the receiver's order of paths and to its spill: a path with "spill never" carries nothing while the
// one before it is up, and all as soon as that is down.
func TestDialOrder(t *testing.T) {
	p := hosts(t)
	const some = 32 * mib // of the stream
	l := pathsOf(t, []uint64{100, 100})
	with := endlessly(4)
	with.reversed, with.to = true, append(fromWords(l, 0), fromWords(l, 1, "spill", "never")...)
	s := p.start(t, l, with)
	s.wait(s.out.At(mib), "the first bytes")
	before := s.sent(1)
	s.wait(s.out.At(s.out.Moved()+some), "what the first path carries alone")
	if n := s.sent(1) - before; n > rescued(some) {
		t.Errorf("the second path sent %d bytes while the first one was up", n)
	}
	s.must(l.PathDown(0))
	down := s.sent(1)
	s.until("the second path carries the stream", func() bool { return s.sent(1) > down+some })
	s.enough()
	s.finish()
}

// TestDialSpill: a path helps when there is more than the one before it can carry.
func TestDialSpill(t *testing.T) {
	p := hosts(t)
	const some = 16 * mib
	l := pathsOf(t, []uint64{100, 100})
	with := endlessly(4)
	with.reversed, with.to = true, append(fromWords(l, 0), fromWords(l, 1, "spill", "100")...)
	s := p.start(t, l, with)
	s.until("the second path carries load", func() bool { return s.sent(1) > some })
	s.enough()
	s.finish()
}

// TestDialRate: the sender paces a path by what the receiver says.
func TestDialRate(t *testing.T) {
	p := hosts(t)
	const rate, lasts = 10 * mib, 1500 * time.Millisecond
	l := lab.New(t, lab.Config{Paths: 1})
	s := p.start(t, l, setup{
		size: endless, limit: settleTime, reversed: true, to: fromWords(l, 0, "rate", "10M"), words: []string{"threads", "4", "verbose", "2"},
	})
	s.wait(s.out.At(5*mib), "the first bytes")
	for got := 0.0; got < 0.9*rate; {
		began, before := time.Now(), s.out.Moved()
		s.pass(lasts)
		got = float64(s.out.Moved()-before) / time.Since(began).Seconds()
		if got > 1.1*rate {
			t.Fatalf("%.2f MiB/s, want 10 within a tenth", got/mib)
		}
	}
	s.enough()
	s.finish()
}

// TestDialVia: links come from the receiver's device or address, and from its source ports.
func TestDialVia(t *testing.T) {
	p := hosts(t)
	l := lab.New(t, lab.Config{Paths: 3})
	in := lab.NewGate()
	const size = 32 * mib
	in.Hold(size / 2)
	s := p.start(t, l, setup{
		size: size, limit: settleTime, in: in, reversed: true, words: []string{"threads", "4", "verbose", "2"},
		to: slices.Concat(fromWords(l, 0, "via", "p2"), fromWords(l, 1, "via", l.Address(lab.RX, 0)), fromWords(l, 2, "sports", "40001,40003")),
	})
	s.wait(s.out.At(size/2), "half of the stream")
	s.until("links from each source", func() bool {
		list, err := l.Connections(lab.RX, labPort)
		s.must(err)
		from := map[string]bool{}
		for _, c := range list {
			from[fmt.Sprintf("%v to %v", c.Local.Addr(), c.Remote.Addr())] = true
			if c.Remote.Addr().String() == l.Address(lab.TX, 2) {
				from[fmt.Sprint(c.Local.Port())] = true
			}
		}
		return from[l.Address(lab.RX, 2)+" to "+l.Address(lab.TX, 0)] && from[l.Address(lab.RX, 0)+" to "+l.Address(lab.TX, 1)] && (from["40001"] || from["40003"])
	})
	in.Open()
	s.finish()
}

// TestDialStrangers: the running stream does not notice who else comes to the sender's port, another receiver among them.
func TestDialStrangers(t *testing.T) {
	p := hosts(t)
	size := small[int64](256*mib, 128*mib)
	from, to := size/8, size-mib
	l := lab.New(t, lab.Config{Paths: 1})
	in := lab.NewGate()
	in.Hold(to) // so that the stream does not end before the last stranger has gone
	s := p.start(t, l, setup{
		size: size, limit: 3 * time.Minute, in: in, reversed: true, words: []string{"threads", "16", "verbose", "1"},
	})
	address := net.JoinHostPort(l.Address(lab.TX, 0), fmt.Sprint(labPort))
	s.wait(s.out.At(from), "the first bytes")
	visited := make(chan error, 1)
	go func() {
		visited <- errors.Join(scan(s.deadline, l, lab.RX, address), babble(s.deadline, l, lab.RX, address),
			call(s.deadline, l, address), flock(s.deadline, l, lab.RX, address))
	}()
	s.wait(s.out.At(to), "the stream, with strangers at the door")
	if err := <-visited; err != nil {
		t.Errorf("strangers: %v", err)
	}
	in.Open()
	s.finish()
	s.had("tx", "lost-links", none)
	s.had("rx", "lost-links", none)
}

// call is another receiver, and expects to hear that the sender is busy.
func call(ctx context.Context, l *lab.Lab, address string) error {
	c, err := l.Dial(ctx, lab.RX, address)
	if err != nil {
		return fmt.Errorf("call: %w", err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(settleTime))
	if _, err := c.Write(wire.Call{Paths: 1, Links: 16, Receiver: 7}.Append(nil)); err != nil {
		return fmt.Errorf("call: %w", err)
	}
	b := make([]byte, wire.WelcomeLen)
	if _, err := io.ReadFull(c, b); err != nil {
		return fmt.Errorf("call: read the answer: %w", err)
	}
	if w, err := wire.ParseWelcome(b); err != nil || w.Verdict != wire.VerdictBusy {
		return fmt.Errorf("call: %v, %v, want %v", w.Verdict, err, wire.VerdictBusy)
	}
	return nil
}

// TestDialDuplex: a stream in each direction through one port, which only one side dials, while links of both die.
func TestDialDuplex(t *testing.T) {
	p := hosts(t)
	const size = 64 * mib
	l := lab.New(t, lab.Config{Paths: 2})
	port := fmt.Sprint(labPort)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	over := make(chan error, 4)
	run := func(side lab.Side, words ...string) (*lab.Cmd, *lab.Text) {
		in, feed, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		drain, out, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		c, said := l.Command(ctx, side, p.viamillipede, append(words, "threads", "4", "verbose", "1")...), new(lab.Text)
		c.Stdin, c.Stdout, c.Stderr = in, out, said
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		in.Close()
		out.Close()
		gate := lab.NewGate()
		gate.Rate(32 * mib)
		go func() { over <- lab.Feed(ctx, feed, size, gate) }()
		go func() {
			n, err := lab.Drain(ctx, drain, lab.NewGate())
			if err == nil && n != size {
				err = fmt.Errorf("%d bytes came out, want %d", n, size)
			}
			over <- err
		}()
		return c, said
	}
	tx, txSaid := run(lab.TX, "rx", port, "tx", port)
	far := func(word string) []string {
		return []string{word, l.Address(lab.TX, 0), port, word, l.Address(lab.TX, 1)}
	}
	rx, rxSaid := run(lab.RX, append(far("rx"), far("tx")...)...)
	s := &stream{t: t, lab: l, deadline: ctx}
	stop := s.killLinks()
	for range 4 {
		if err := <-over; err != nil {
			t.Error(err)
		}
	}
	killed := stop()
	for _, c := range []*lab.Cmd{tx, rx} {
		if status := c.Status(); status != 0 {
			t.Errorf("%s: status %d\n%v\n%v", strings.Join(c.Args[1:], " "), status, txSaid, rxSaid)
		}
	}
	if killed < 5 {
		t.Errorf("%d links killed: that proves nothing", killed)
	}
}

// TestEndsLinksKilled: links of streams between programs, and between files, die all the time, whichever end dials, and what comes out is
// what went in.
func TestEndsLinksKilled(t *testing.T) {
	p := hosts(t)
	for _, reversed := range []bool{false, true} {
		for _, kind := range []string{"exec", "file"} {
			t.Run(fmt.Sprintf("%s dialled %v", kind, reversed), func(t *testing.T) {
				t.Parallel()
				p.killsLinks(t, kind, reversed)
			})
		}
	}
}

func (p programs) killsLinks(t *testing.T, kind string, reversed bool) {
	const numbers, size = 4_000_000, 30_888_896 // bytes of "seq numbers"
	l := lab.New(t, lab.Config{Paths: 2})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	from, to, port := filepath.Join(t.TempDir(), "from"), filepath.Join(t.TempDir(), "to"), fmt.Sprint(labPort)
	if out, err := exec.CommandContext(ctx, "sh", "-c", fmt.Sprintf("seq %d >%s", numbers, from)).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	words := map[lab.Side][]string{lab.TX: {"file", from}, lab.RX: {"file", to}}
	if kind == "exec" {
		words = map[lab.Side][]string{lab.TX: {"exec", fmt.Sprint("seq ", numbers)}, lab.RX: {"exec", "cat >" + to}}
	}
	tx, rx := toPaths(l, 0, 1), []string{"rx", port}
	dials := &tx
	if reversed {
		tx, rx = []string{"tx", port}, slices.Concat(fromWords(l, 0), fromWords(l, 1))
		dials = &rx
	}
	*dials = append(*dials, "threads", "8")
	run := func(side lab.Side, first []string) (*lab.Cmd, *lab.Text) {
		// Slow enough that many links can die.
		c, said := l.Command(ctx, side, p.viamillipede, slices.Concat(first, words[side], []string{"leg", "64k", "delayus", "2000"})...), new(lab.Text)
		c.Stdout, c.Stderr = said, said
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		return c, said
	}
	r, rxSaid := run(lab.RX, rx)
	s, txSaid := run(lab.TX, tx)
	kills := &stream{t: t, lab: l, deadline: ctx}
	stop := kills.killLinks()
	for _, c := range []*lab.Cmd{s, r} {
		if status := c.Status(); status != 0 {
			t.Errorf("%s: status %d\n%v\n%v", strings.Join(c.Args[1:], " "), status, txSaid, rxSaid)
		}
	}
	if killed := stop(); killed < 5 {
		t.Errorf("%d links killed: that proves nothing", killed)
	}
	if out, err := exec.CommandContext(t.Context(), "cmp", from, to).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if is, err := os.Stat(to); err != nil || is.Size() != size {
		t.Errorf("%v, %v", is, err)
	}
}
