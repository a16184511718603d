package main_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"viamillipede/engine/wire"
	"viamillipede/netio/lab"
)

// Promise 8: a stranger on the port is refused, and the running stream does not notice.

// How many strangers of each kind come.
const (
	scans    = 100 // connections that close at once, one after the other
	babblers = 20  // connections that send random bytes
	crowd    = 200 // connections at the same time that say nothing
)

// TestP8Strangers: the running stream does not notice who else comes to the port: it is identical (finish compares it), no
// link is lost, and it goes on while the strangers are there. By how much they slow it down is a row of tools/figures.
func TestP8Strangers(t *testing.T) {
	p := hosts(t)
	size := small[int64](256*mib, 128*mib)
	from, to := size/8, size-mib
	l := lab.New(t, lab.Config{Paths: 1})
	in := lab.NewGate()
	in.Hold(to) // so that the stream does not end before the last stranger has gone
	s := p.start(t, l, setup{
		size: size, limit: 3 * time.Minute, in: in, words: []string{"threads", "16", "verbose", "1"},
	})
	address := net.JoinHostPort(l.Address(lab.RX, 0), fmt.Sprint(labPort))
	s.wait(s.out.At(from), "the first bytes")
	visited := make(chan error, 1)
	go func() { visited <- visitAll(s.deadline, l, lab.TX, address, wire.VerdictBusy) }()
	s.wait(s.out.At(to), "the stream, with strangers at the door")
	if err := <-visited; err != nil {
		t.Errorf("strangers: %v", err)
	}
	in.Open()
	s.finish()
	s.had("tx", "lost-links", none)
	s.had("rx", "lost-links", none)
	s.had("rx", "refused", some)
}

// visitAll sends every kind of stranger to address. The sender of another stream has to hear the verdict.
func visitAll(ctx context.Context, l *lab.Lab, from lab.Side, address string, verdict wire.Verdict) error {
	silent, err := l.Dial(ctx, from, address)
	if err != nil {
		return fmt.Errorf("half-open: %w", err)
	}
	defer silent.Close()
	return errors.Join(scan(ctx, l, from, address), babble(ctx, l, from, address), intrude(ctx, l, from, address, verdict), flock(ctx, l, from, address))
}

// scan connects and closes, as a port scanner does.
func scan(ctx context.Context, l *lab.Lab, from lab.Side, address string) error {
	for range scans {
		c, err := l.Dial(ctx, from, address)
		if err != nil {
			return fmt.Errorf("scan: %w", err)
		}
		c.Close()
	}
	return nil
}

// babble sends random bytes, and expects to be turned away, with or without a word.
func babble(ctx context.Context, l *lab.Lab, from lab.Side, address string) error {
	rng := rand.NewChaCha8([32]byte{1})
	for range babblers {
		c, err := l.Dial(ctx, from, address)
		if err != nil {
			return fmt.Errorf("babble: %w", err)
		}
		noise := make([]byte, 4096)
		rng.Read(noise)
		_ = c.SetDeadline(time.Now().Add(settleTime))
		_, _ = c.Write(noise) // may meet a reset
		_, err = io.Copy(io.Discard, c)
		c.Close()
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			return errors.New("babble: random bytes are not turned away")
		}
	}
	return nil
}

// intrude is the sender of another stream, and expects to hear why it is refused.
func intrude(ctx context.Context, l *lab.Lab, from lab.Side, address string, verdict wire.Verdict) error {
	c, err := l.Dial(ctx, from, address)
	if err != nil {
		return fmt.Errorf("intrude: %w", err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(settleTime))
	h := wire.Hello{Version: wire.Version, Stream: wire.StreamID{1, 2, 3}, MaxLeg: 256 << 10, Links: 16}
	if _, err := c.Write(h.Append(nil)); err != nil {
		return fmt.Errorf("intrude: %w", err)
	}
	b := make([]byte, wire.WelcomeLen)
	if _, err := io.ReadFull(c, b); err != nil {
		return fmt.Errorf("intrude: read the welcome: %w", err)
	}
	w, err := wire.ParseWelcome(b)
	if err != nil {
		return fmt.Errorf("intrude: %w", err)
	}
	if w.Verdict != verdict {
		return fmt.Errorf("intrude: verdict %v, want %v", w.Verdict, verdict)
	}
	return nil
}

// flock opens many connections at once, which stay until all are there.
func flock(ctx context.Context, l *lab.Lab, from lab.Side, address string) error {
	var all sync.WaitGroup
	conns, errs := make([]net.Conn, crowd), make([]error, crowd)
	for i := range conns {
		all.Go(func() { conns[i], errs[i] = l.Dial(ctx, from, address) })
	}
	all.Wait()
	for _, c := range conns {
		if c != nil {
			c.Close()
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("flock: %w", err)
	}
	return nil
}
