package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/sidechain"
)

// late is a producer or a consumer whose descriptor is a socket on which nothing happens, until Open puts another one in its place.
type late struct {
	at, with int // descriptors; with is closed then
	wanted   chan struct{}
	opens    chan error
}

// newLate returns what the peer of the socket has that comes later.
func newLate(t *testing.T) (late, *os.File) {
	t.Helper()
	var pairs [2][2]int
	for i := range pairs {
		var err error
		if pairs[i], err = syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0); err != nil {
			t.Fatal(err)
		}
	}
	idle, peer := os.NewFile(uintptr(pairs[0][1]), "idle"), os.NewFile(uintptr(pairs[1][1]), "peer")
	l := late{pairs[0][0], pairs[1][0], make(chan struct{}), make(chan error, 1)}
	t.Cleanup(func() { idle.Close(); peer.Close(); syscall.Close(l.at) })
	return l, peer
}

func (l late) Open(ctx context.Context) error {
	close(l.wanted)
	select {
	case err := <-l.opens:
		if err == nil {
			err = syscall.Dup3(l.with, l.at, syscall.O_CLOEXEC)
		}
		syscall.Close(l.with)
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (late) Whole(context.Context) error                { return nil }
func (late) Begun(context.Context, engine.Origin) error { return nil }
func (late) Left(context.Context) error                 { return nil }
func (late) Accepts(context.Context) error              { return nil }

// open is a stream between two of them, whose legs go through a chain.
func open(t *testing.T, from, to late, chain sidechain.Chain) (rx, tx chan error) {
	t.Helper()
	r, err := engine.NewReceiver(engine.ReceiveConfig{Options: engine.Options{Threads: 2}, Sink: to.at, Consumer: to})
	if err != nil {
		t.Fatal(err)
	}
	paths := []engine.Path{{Host: "127.0.0.1", Port: uint16(r.Addr().(*net.TCPAddr).Port)}}
	s, err := engine.NewSender(engine.SendConfig{Options: engine.Options{Threads: 2, Chain: chain}, Paths: paths, Source: from.at, Producer: from})
	if err != nil {
		t.Fatal(err)
	}
	rx, tx = make(chan error, 1), make(chan error, 1)
	var all sync.WaitGroup
	ctx, stop := context.WithCancel(context.Background())
	all.Go(func() { _, err := r.Run(ctx); rx <- err })
	all.Go(func() { _, err := s.Run(ctx); tx <- err })
	t.Cleanup(func() { stop(); all.Wait() })
	return rx, tx
}

// happens waits for something that should take a moment.
func happens[T any](t *testing.T, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(3 * soon):
		t.Fatalf("not in time: %s", what)
	}
	return v
}

// The source is opened when a link could carry a leg, and the sink when the stream has begun; the stream waits for both.
func TestOpenerIsAwaited(t *testing.T) {
	t.Run("plain", func(t *testing.T) { awaitOpener(t, sidechain.Chain{}) })
	t.Run("coded", func(t *testing.T) { awaitOpener(t, sidechain.Chain{Steps: []sidechain.Step{{Codec: sidechain.Zstd}}}) })
}

func awaitOpener(t *testing.T, chain sidechain.Chain) {
	from, in := newLate(t)
	to, out := newLate(t)
	rx, tx := open(t, from, to, chain)
	if _, err := in.WriteString("all of it"); err != nil {
		t.Fatal(err)
	}
	happens(t, "the source is wanted", from.wanted)
	select {
	case <-to.wanted:
		t.Error("the sink is wanted before the stream has begun")
	case <-time.After(50 * time.Millisecond):
	}
	from.opens <- nil
	happens(t, "the sink is wanted", to.wanted)
	to.opens <- nil
	got := make([]byte, 9)
	if _, err := io.ReadFull(out, got); err != nil || string(got) != "all of it" {
		t.Errorf("%q comes, %v", got, err)
	}
	if _, err := in.WriteString("and more"); err != nil { // the source is waited for where it is now
		t.Fatal(err)
	}
	in.Close()
	if rest, err := io.ReadAll(out); err != nil || string(rest) != "and more" {
		t.Errorf("%q comes, %v", rest, err)
	}
	for name, end := range map[string]chan error{"rx": rx, "tx": tx} {
		if err := happens(t, name+" ends", end); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An end that cannot be opened fails the stream at both.
func TestOpenerFails(t *testing.T) {
	for _, sink := range []bool{false, true} {
		from, in := newLate(t)
		to, _ := newLate(t)
		rx, tx := open(t, from, to, sidechain.Chain{})
		if _, err := in.WriteString("all of it"); err != nil {
			t.Fatal(err)
		}
		failing, failed, other := from, tx, rx
		if sink {
			from.opens <- nil
			failing, failed, other = to, rx, tx
		}
		failing.opens <- errors.New("no such thing")
		if err := happens(t, fmt.Sprint("it fails ", sink), failed); engine.ExitStatus(err) != engine.StatusLocalPipe {
			t.Errorf("sink %v: %v", sink, err)
		}
		if !sink {
			continue // a receiver that listens waits for the next sender
		}
		if err := happens(t, "the other one fails", other); engine.ExitStatus(err) != engine.StatusRemotePipe {
			t.Errorf("sink %v: %v", sink, err)
		}
	}
}
