package engine_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/rig"
)

// Nobody comes: both ends wait for as long as they were told.
func TestNoFirstContact(t *testing.T) {
	t.Parallel()
	tx := send(t, rig.Setup{Options: engine.Options{Connect: time.Second}}, nil, answering(enginetest.PathRefuses)) // it is tried before
	if err := tx.wants(engine.StatusConnect).err; !strings.Contains(err.Error(), "a:8834") {
		t.Errorf("%v does not name the path", err)
	}
	rx := receive(t, rig.Setup{Options: engine.Options{Connect: 50 * time.Millisecond}}, enginetest.KindPipe, nil)
	rx.wants(engine.StatusConnect)
}

// A sender that every path refuses for good does not wait.
func TestRefusedAtOnce(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*rig.Setup)
		why    string
	}{
		{"busy", func(*rig.Setup) {}, "busy"},
		{"wrong phrase", func(o *rig.Setup) { o.Phrase = [4]byte{'a', 'b', 'c', 'd'} }, "checkphrase"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rx := receive(t, rig.Setup{}, enginetest.KindPipe, nil)
			got := rx.consume()
			h, s := rx.link(0), newStream(1, 1000)
			h.send(s.frame(0))
			h.untilReceived(1)
			o := rig.Setup{Options: engine.Options{Connect: time.Minute, Threads: 2}}
			c.change(&o)
			tx := send(t, o, nil, func(stream.Transport) stream.Transport { return rx.network })
			if err := tx.wants(engine.StatusRefused).err; !strings.Contains(err.Error(), c.why) {
				t.Errorf("%v does not say why", err)
			}
			s.finish(rx, h, got)
		})
	}
}

// Two paths lead to two receivers: the stream goes to that of the first path, whole, and the other one is free for another sender.
func TestTwoReceivers(t *testing.T) {
	network := enginetest.NewNet(1, enginetest.Faults{})
	defer network.Close()
	timing := steady
	timing.DeadPeer = 200 * time.Millisecond
	o := rig.Setup{Options: engine.Options{Threads: 4, Leg: 4 << 10}, Hooks: rig.Hooks{Timing: timing, Transport: network}}
	data := content(5, 500<<10)
	type end struct {
		sink *enginetest.Stdio
		got  chan []byte
		over chan error
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var ends []end
	var paths []engine.Path
	for i := range uint16(2) {
		sink, err := enginetest.NewSink(enginetest.KindPipe)
		if err != nil {
			t.Fatal(err)
		}
		defer sink.Close()
		r, err := rig.NewReceiver(rig.ReceiveConfig{
			Setup: looped(o), Port: port + i, Sink: sink.FD,
		})
		if err != nil {
			t.Fatal(err)
		}
		e := end{sink, make(chan []byte, 1), make(chan error, 1)}
		go func() {
			_, err := r.Run(ctx)
			sink.CloseNear()
			if err == nil {
				cancel() // the other one may not even have met the sender
			}
			e.over <- err
		}()
		go func() {
			b, _ := io.ReadAll(sink.Far)
			e.got <- b
		}()
		ends = append(ends, e)
		paths = append(paths, engine.Path{Host: string(rune('a' + i)), Port: port + i})
	}
	source, err := enginetest.NewSource(enginetest.KindFile, data)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	s, err := rig.NewSender(rig.SendConfig{
		Setup: looped(o), Paths: paths, Source: source.FD,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	whole := 0
	for i, e := range ends {
		err, b := <-e.over, <-e.got
		switch {
		case err == nil && bytes.Equal(b, data) && i == 0:
			whole++
		case engine.ExitStatus(err) != engine.StatusInterrupt || len(b) > 0:
			t.Errorf("the other receiver has %d bytes and ends with %v", len(b), err)
		}
	}
	if whole != 1 {
		t.Errorf("%d receivers have the stream", whole)
	}
}

// Chaos cuts a link after so many legs, over real connections: with 1, after every leg. The stream goes on and ends.
func TestChaosOverTCP(t *testing.T) {
	for _, chaos := range []int{1, 2, 7, 100} {
		t.Run(strconv.Itoa(chaos), func(t *testing.T) {
			quiet(t)
			data := content(uint64(chaos), 40*4096)
			got, tx := overTCP(t, data, rig.Setup{
				Options: engine.Options{Threads: 4, Leg: 4 << 10, Window: 1 << 20, Chaos: chaos},
				Hooks:   rig.Hooks{Timing: patient()},
			})
			if !bytes.Equal(got, data) {
				t.Errorf("%d bytes came out, %d went in", len(got), len(data))
			}
			if want := uint64(len(data) / 4096 / chaos); tx.Cuts < want {
				t.Errorf("%d cuts, want %d or more", tx.Cuts, want)
			}
		})
	}
}

// overTCP sends data through loopback, from a file to a file.
func overTCP(t *testing.T, data []byte, o rig.Setup) ([]byte, observe.Summary) {
	t.Helper()
	source, err := enginetest.NewSource(enginetest.KindFile, data)
	if err != nil {
		t.Fatal(err)
	}
	sink, err := enginetest.NewSink(enginetest.KindFile)
	if err != nil {
		t.Fatal(err)
	}
	got, _, tx := throughTCP(t, source, sink, nil, o)
	return got, tx
}

// throughTCP sends what produce writes, and ends by closing to, or what is in a source that is a file, through loopback. It
// closes both ends, and gives what came out, which of the null device is nothing.
func throughTCP(
	t *testing.T, source, sink *enginetest.Stdio, produce func(to *os.File) error, o rig.Setup,
) (got []byte, rx, tx observe.Summary) {
	t.Helper()
	defer source.Close()
	defer sink.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, s := overLoopback(t, source, sink, o)
	var ends, others sync.WaitGroup
	var rxErr, txErr, feedErr, drainErr error
	stands := &lines{to: io.Discard} // how a stream stands that hangs
	late := time.AfterFunc(patience-patience/10, func() { show(stands, r.Snapshot()); show(stands, s.Snapshot()) })
	defer late.Stop()
	ends.Go(func() { rx, rxErr = r.Run(ctx) })
	ends.Go(func() { tx, txErr = s.Run(ctx) })
	if produce != nil {
		others.Go(func() { feedErr = produce(source.Far) })
	}
	if sink.Far != nil {
		others.Go(func() { got, drainErr = io.ReadAll(sink.Far) })
	}
	ends.Wait()
	sink.CloseNear()
	source.CloseNear() // a producer that is left over gets EPIPE
	others.Wait()
	if err := errors.Join(rxErr, txErr, feedErr, drainErr); err != nil {
		t.Fatalf("%v\n%s", err, stands)
	}
	if sink.Far == nil {
		var err error
		if got, err = sink.Content(); err != nil {
			t.Fatal(err)
		}
	}
	return got, rx, tx
}

// overLoopback makes the ends of a stream that goes through loopback.
func overLoopback(t *testing.T, source, sink *enginetest.Stdio, o rig.Setup) (*engine.Receiver, *engine.Sender) {
	t.Helper()
	r, err := rig.NewReceiver(rig.ReceiveConfig{Setup: looped(o), Sink: sink.FD})
	if err != nil {
		t.Fatal(err)
	}
	s, err := rig.NewSender(rig.SendConfig{
		Setup: looped(o), Paths: []engine.Path{{Host: "127.0.0.1", Port: portOf(r)}}, Source: source.FD,
	})
	if err != nil {
		t.Fatal(err)
	}
	return r, s
}

// portOf is the port of a receiver that listens on any that is free; in a network of enginetest that is 0, a port like any other.
func portOf(r *engine.Receiver) uint16 {
	a, _ := r.Addr().(*net.TCPAddr)
	if a == nil {
		return 0
	}
	return uint16(a.Port)
}

// What cannot work is found before anything is opened.
func TestOptionsRefused(t *testing.T) {
	for _, o := range []engine.Options{
		{Threads: -1}, {Threads: engine.MaxThreads + 1}, {Window: 1}, {Window: engine.MaxWindow + 1}, {Leg: 1},
		{Leg: engine.MaxLeg + engine.MinLeg}, {Leg: engine.MinLeg + 1}, {Congestion: "no such thing"},
	} {
		before := enginetest.Hold()
		if _, err := engine.NewSender(engine.SendConfig{Options: o}); engine.ExitStatus(err) != engine.StatusUsage {
			t.Errorf("%+v at the sender: %v", o, err)
		}
		if _, err := engine.NewReceiver(engine.ReceiveConfig{Options: o}); engine.ExitStatus(err) != engine.StatusUsage {
			t.Errorf("%+v at the receiver: %v", o, err)
		}
		if err := before.Check(); err != nil {
			t.Error(err)
		}
	}
}
