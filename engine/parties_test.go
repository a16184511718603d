package engine_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"viamillipede/engine"
)

// producer and consumer answer when the test says so.
type (
	producer struct{ asked, answer chan error }
	consumer struct {
		producer
		begun chan engine.Origin
		left  error
	}
)

func (p producer) Whole(ctx context.Context) error {
	close(p.asked)
	select {
	case err := <-p.answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c consumer) Begun(_ context.Context, o engine.Origin) error { c.begun <- o; return nil }
func (c consumer) Left(context.Context) error                     { return c.left }
func (c consumer) Accepts(ctx context.Context) error              { return c.Whole(ctx) }

func newProducer() producer { return producer{make(chan error), make(chan error, 1)} }

// parted is a stream whose ends know who is at the other end of their pipes.
type parted struct {
	t            *testing.T
	p            producer
	c            consumer
	in, out      *os.File // what the producer writes, and the consumer reads
	stopRx       context.CancelCauseFunc
	rx, tx       chan error
	sink, source *os.File
}

// part moves a few bytes over loopback. The pipes are closed with the test.
func part(t *testing.T) *parted {
	t.Helper()
	d := &parted{t: t, p: newProducer(), c: consumer{newProducer(), make(chan engine.Origin, 1), nil}, rx: make(chan error, 1), tx: make(chan error, 1)}
	var err [2]error
	d.source, d.in, err[0] = os.Pipe()
	d.out, d.sink, err[1] = os.Pipe()
	if err := errors.Join(err[:]...); err != nil {
		t.Fatal(err)
	}
	for _, f := range []*os.File{d.source, d.in, d.out, d.sink} {
		t.Cleanup(func() { f.Close() })
	}
	return d
}

// run runs both ends until they have ended, or the test has.
func (d *parted) run() {
	d.t.Helper()
	r, err := engine.NewReceiver(engine.ReceiveConfig{Options: engine.Options{Threads: 2}, Sink: int(d.sink.Fd()), Consumer: d.c})
	if err != nil {
		d.t.Fatal(err)
	}
	paths := []engine.Path{{Host: "127.0.0.1", Port: uint16(r.Addr().(*net.TCPAddr).Port)}}
	s, err := engine.NewSender(engine.SendConfig{Options: engine.Options{Threads: 2}, Paths: paths, Source: int(d.source.Fd()), Producer: d.p})
	if err != nil {
		d.t.Fatal(err)
	}
	var all sync.WaitGroup
	ctx, stop := context.WithCancelCause(context.Background())
	both, end := context.WithCancelCause(context.Background())
	d.stopRx = stop
	all.Go(func() { _, err := r.Run(ctx); d.rx <- err })
	all.Go(func() { _, err := s.Run(both); d.tx <- err })
	d.t.Cleanup(func() { stop(nil); end(nil); all.Wait() })
}

// ends waits for how an end has ended, with what words of the other one's.
func (d *parted) ends(name string, end chan error, status engine.Status, words string) {
	d.t.Helper()
	select {
	case err := <-end:
		if engine.ExitStatus(err) != status || err != nil && !strings.Contains(err.Error(), words) {
			d.t.Errorf("%s: %v, want status %d with %q", name, err, status, words)
		}
	case <-time.After(soon):
		d.t.Fatalf("%s does not end", name)
	}
}

// waits lets the producer write, and close its end.
func (d *parted) write() {
	d.t.Helper()
	if _, err := d.in.WriteString("all of it"); err != nil {
		d.t.Fatal(err)
	}
	d.in.Close()
}

// awaits waits until somebody is asked, and looks that neither end has ended by then.
func (d *parted) awaits(asked chan error) {
	d.t.Helper()
	select {
	case <-asked:
	case <-time.After(soon):
		d.t.Fatal("nobody is asked")
	}
	if len(d.rx)+len(d.tx) > 0 {
		d.t.Error("an end has ended before the answer")
	}
}

// Both ends succeed once producer and consumer have said so, and not before.
func TestPartiesSayThatItIsWhole(t *testing.T) {
	d := part(t)
	d.run()
	d.write()
	d.awaits(d.p.asked)
	o := <-d.c.begun
	if !slices.Equal(o.Peers, []string{"127.0.0.1"}) || len(o.Stream) != 32 || o.Size != 0 {
		t.Errorf("the consumer hears of %+v", o)
	}
	select {
	case <-d.c.asked:
		t.Error("the consumer has seen the end before the producer said that it was")
	case <-time.After(50 * time.Millisecond):
	}
	d.p.answer <- nil
	if b, err := io.ReadAll(d.out); err != nil || string(b) != "all of it" {
		t.Errorf("%q, %v", b, err)
	}
	d.awaits(d.c.asked)
	d.c.answer <- nil
	d.ends("rx", d.rx, engine.StatusDone, "")
	d.ends("tx", d.tx, engine.StatusDone, "")
}

// What a producer says against its stream fails both ends, and no consumer sees an end of it.
func TestProducerDenies(t *testing.T) {
	d := part(t)
	d.run()
	d.write()
	d.awaits(d.p.asked)
	d.p.answer <- errors.New("half of it is missing")
	d.ends("tx", d.tx, engine.StatusLocalPipe, "half of it is missing")
	d.ends("rx", d.rx, engine.StatusRemotePipe, "half of it is missing")
	if _, err := d.sink.Write([]byte("x")); err != nil {
		t.Errorf("the sink is not open any more: %v", err)
	}
}

// What a consumer says against its stream fails both ends.
func TestConsumerDenies(t *testing.T) {
	d := part(t)
	d.run()
	d.write()
	d.p.answer <- nil
	if _, err := io.ReadAll(d.out); err != nil {
		t.Fatal(err)
	}
	d.awaits(d.c.asked)
	d.c.answer <- &engine.Error{Status: engine.StatusIntegrity, Reason: "it makes no sense"}
	d.ends("rx", d.rx, engine.StatusIntegrity, "it makes no sense")
	d.ends("tx", d.tx, engine.StatusIntegrity, "it makes no sense")
}

// A consumer that leaves says why.
func TestConsumerLeaves(t *testing.T) {
	d := part(t)
	d.c.left = errors.New("it has fallen over")
	d.run()
	if _, err := d.in.WriteString("some of it"); err != nil {
		t.Fatal(err)
	}
	<-d.c.begun
	d.out.Close()
	d.ends("rx", d.rx, engine.StatusLocalPipe, "it has fallen over")
	d.ends("tx", d.tx, engine.StatusRemotePipe, "it has fallen over")
}

// Nobody who is asked keeps an end from ending.
func TestPartiesAreInterrupted(t *testing.T) {
	d := part(t)
	d.run()
	d.write()
	d.awaits(d.p.asked)
	d.stopRx(&engine.Error{Status: engine.StatusTerminated, Reason: "stopped"})
	d.ends("rx", d.rx, engine.StatusTerminated, "stopped")
	d.ends("tx", d.tx, engine.StatusRemotePipe, "stopped")
}
