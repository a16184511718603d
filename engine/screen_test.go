package engine_test

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// glass is a terminal that a sender reads.
type glass struct {
	columns atomic.Uint32
	met     chan struct{}
}

func (g *glass) Size() (columns, rows uint16) { return uint16(g.columns.Load()), 25 }
func (g *glass) Met()                         { close(g.met) }

// viewer is a consumer that takes everything; of a size it knows too, if it is a tube.
type viewer struct{}

func (viewer) Begun(context.Context, engine.Origin) error { return nil }
func (viewer) Left(context.Context) error                 { return nil }
func (viewer) Accepts(context.Context) error              { return nil }

type tube struct {
	viewer
	sizes chan [2]uint16
}

func (t tube) Resize(columns, rows uint16) { t.sizes <- [2]uint16{columns, rows} }

// exiting is a producer whose program has ended with 3.
type exiting struct{}

func (exiting) Exits() {}
func (exiting) Whole(context.Context) error {
	return &engine.Exited{Status: 3, Err: errors.New("it has exited with status 3")}
}

// glimpse is a stream of a few bytes, whose source is closed with in.
func glimpse(t *testing.T, sc engine.SendConfig, rc engine.ReceiveConfig) (r *engine.Receiver, s *engine.Sender, in *os.File, rx, tx chan error) {
	t.Helper()
	source, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, sink, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = out.Read(make([]byte, 100)); _, _ = out.Read(make([]byte, 1)) }()
	rc.Threads, sc.Threads, rc.Sink, sc.Source = 2, 2, int(sink.Fd()), int(source.Fd())
	if r, err = engine.NewReceiver(rc); err != nil {
		t.Fatal(err)
	}
	sc.Paths = []engine.Path{{Host: "127.0.0.1", Port: uint16(r.Addr().(*net.TCPAddr).Port)}}
	if s, err = engine.NewSender(sc); err != nil {
		t.Fatal(err)
	}
	rx, tx = make(chan error, 1), make(chan error, 1)
	var all sync.WaitGroup
	ctx, stop := context.WithCancel(context.Background())
	all.Go(func() { _, err := r.Run(ctx); rx <- err })
	all.Go(func() { _, err := s.Run(ctx); tx <- err })
	t.Cleanup(func() {
		stop()
		all.Wait()
		for _, f := range []*os.File{source, in, out, sink} {
			f.Close()
		}
	})
	if _, err := in.WriteString("text"); err != nil {
		t.Fatal(err)
	}
	return r, s, in, rx, tx
}

// The size of the sender's terminal is told at the beginning, and when it changes.
func TestScreenIsTold(t *testing.T) {
	g, v := &glass{met: make(chan struct{})}, tube{sizes: make(chan [2]uint16, 100)}
	g.columns.Store(80)
	_, s, in, rx, tx := glimpse(t, engine.SendConfig{Screen: g}, engine.ReceiveConfig{Consumer: v})
	happens(t, "they meet", g.met)
	if size := happens(t, "the size comes", v.sizes); size != [2]uint16{80, 25} {
		t.Errorf("it is %v", size)
	}
	g.columns.Store(132)
	s.Resized()
	for happens(t, "the other size comes", v.sizes) != [2]uint16{132, 25} {
	}
	in.Close()
	if err := errors.Join(happens(t, "rx", rx), happens(t, "tx", tx)); err != nil {
		t.Error(err)
	}
}

// Where the receiver has none, nobody is told.
func TestScreenIsNotMet(t *testing.T) {
	g := &glass{met: make(chan struct{})}
	_, s, in, rx, tx := glimpse(t, engine.SendConfig{Screen: g}, engine.ReceiveConfig{Consumer: viewer{}})
	s.Resized()
	in.Close()
	if err := errors.Join(happens(t, "rx", rx), happens(t, "tx", tx)); err != nil {
		t.Error(err)
	}
	select {
	case <-g.met:
		t.Error("they have met")
	default:
	}
}

// The status of a program is told to a user, whose stream is whole. A consumer takes no such stream for a whole one.
func TestExitIsTold(t *testing.T) {
	r, _, in, rx, tx := glimpse(t, engine.SendConfig{Producer: exiting{}}, engine.ReceiveConfig{})
	in.Close()
	if err := errors.Join(happens(t, "rx", rx), happens(t, "tx", tx)); err != nil || r.Exit() != 3 {
		t.Errorf("%v, status %d", err, r.Exit())
	}
	_, _, in, rx, tx = glimpse(t, engine.SendConfig{Producer: exiting{}}, engine.ReceiveConfig{Consumer: viewer{}})
	in.Close()
	if a, b := engine.ExitStatus(happens(t, "rx", rx)), engine.ExitStatus(happens(t, "tx", tx)); a != engine.StatusRemotePipe || b == engine.StatusDone {
		t.Errorf("rx ends with %d, tx with %d", a, b)
	}
}

// What is not granted costs the link.
func TestScreenRefused(t *testing.T) {
	rx := receive(t, rig.Setup{}, enginetest.KindFile, nil)
	for i, f := range [][]byte{wire.Screen{Columns: 80}.Append(nil), wire.Exit{Status: 1}.Append(nil)} {
		h := rx.link(0, func(h *wire.Hello) { h.Stream[0], h.Features = byte(i+2), wire.FeatureSize })
		h.send(f)
		h.untilClosed()
	}
	s := newStream(1, 1000)
	h := rx.link(0, func(h *wire.Hello) { h.Stream[0], h.Features = 9, wire.FeatureExit })
	h.send(s.frame(0), wire.Exit{Status: 1}.Append(nil), wire.End{Legs: 1, Bytes: 1000}.Append(nil))
	h.untilType(wire.TypeDone)
	h.send(wire.Bye{Stream: true}.Append(nil))
	rx.wants(engine.StatusDone)
}
