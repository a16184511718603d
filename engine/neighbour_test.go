package engine_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/observe"
	"viamillipede/engine/rig"
)

// A neighbour who holds the lock of standard input's pipe, or of standard output's, for as long as many heartbeats take: every
// link of that end beats on, and all comes out.
func TestNeighbourInsideSplice(t *testing.T) {
	for _, where := range []string{"source", "sink"} {
		t.Run(where, func(t *testing.T) {
			b := besiege(t, where, false)
			b.beatsOn(where)
			b.neighbour.Leave()
			b.passes()
		})
	}
}

// One who is there before us: both ends begin all the same, with the pipe as it is.
func TestNeighbourComesFirst(t *testing.T) {
	for _, where := range []string{"source", "sink"} {
		t.Run(where, func(t *testing.T) {
			b := besiege(t, where, true)
			b.neighbour.Leave()
			b.passes()
		})
	}
}

// An end that is stopped meanwhile ends at once, and the other one hears why.
func TestStopWithNeighbourInside(t *testing.T) {
	for _, where := range []string{"source", "sink"} {
		t.Run(where, func(t *testing.T) {
			b := besiege(t, where, false)
			own, other := b.tx, b.rx
			if where == "sink" {
				own, other = b.rx, b.tx
			}
			own.cancel()
			told := engine.StatusRemotePipe
			if where == "source" { // no leg is in: the receiver waits for another sender
				other.until("it hears why", func() bool { return count[observe.SenderFailed](other.log, nil) > 0 })
				other.cancel()
				told = engine.StatusInterrupt
			}
			for _, end := range []struct {
				*running
				status engine.Status
			}{{own, engine.StatusInterrupt}, {other, told}} {
				select {
				case got := <-end.over: // and its descriptors are closed after the neighbour has left: that waits, too
					if engine.ExitStatus(got.err) != end.status {
						t.Errorf("it ended with %v, not %d", got.err, end.status)
					}
				case <-time.After(soon):
					t.Errorf("an end does not end\n%s", end.log)
				}
			}
			b.neighbour.Leave()
		})
	}
}

// A consumer that has the lock while nobody takes what it gives on, for as long as many heartbeats take: every link of the
// receiver beats on, and once the consumer goes on all comes out, and both ends end; whether much is still to come then, or all
// of it is in the pipe.
func TestConsumerInsideSplice(t *testing.T) {
	for _, c := range []struct {
		name string
		size int
	}{{"midway", 3 << 20}, {"at the end", besiegedBytes}} {
		t.Run(c.name, func(t *testing.T) {
			b, consumer := occupy(t, c.size)
			written := b.writes()
			if c.size > besiegedBytes {
				b.rx.until("a loop is taken over", func() bool { return count[observe.LoopTakenOver](b.rx.log, nil) > 0 })
			}
			b.beatsOn("sink")
			got := make([]byte, c.size)
			if n, err := io.ReadFull(consumer, got); err != nil || !bytes.Equal(got, b.data) {
				t.Fatalf("%d bytes came out, the first %d of %d are right: %v", n, differ(got, b.data), c.size, err)
			}
			<-written
			b.tx.wants(engine.StatusDone)
			b.rx.wants(engine.StatusDone)
		})
	}
}

// An end that is stopped while such a consumer is there ends at once: while the loops have nothing to do at the pipe, and while
// it is waited for, at the end.
func TestStopWithConsumerInside(t *testing.T) {
	for _, ended := range []bool{false, true} {
		t.Run(fmt.Sprintf("ended %v", ended), func(t *testing.T) {
			b, consumer := occupy(t, besiegedBytes)
			if ended {
				<-b.writes()
			}
			b.rx.cancel()
			select {
			case got := <-b.rx.over: // its pipe is closed once the consumer lets go
				if engine.ExitStatus(got.err) != engine.StatusInterrupt {
					t.Errorf("it ended with %v", got.err)
				}
			case <-time.After(stopMost):
				t.Errorf("it does not end\n%s", b.rx.log)
			}
			b.tx.wants(engine.StatusRemotePipe)
			consumer.Leave()
		})
	}
}

// stopMost is less than the time that the engine gives whatever has to be given back at the end.
const stopMost = 2 * time.Second

// occupy begins a stream of so many bytes, of which some are in the sink's pipe, and a consumer is inside that. Nothing more
// is written.
func occupy(t *testing.T, size int) (*siege, *enginetest.Consumer) {
	t.Helper()
	b := prepare(t, enginetest.KindPipe, size)
	var consumer *enginetest.Consumer
	t.Cleanup(func() {
		if consumer != nil {
			consumer.Close() // after the pipe
		}
	})
	b.opens(nil)()
	var err error
	if consumer, err = enginetest.Consume(b.sink.Far, besiegedBytes); err != nil {
		t.Fatalf("%v\n%s%s", err, b.tx.log, b.rx.log)
	}
	return b, consumer
}

// besiegedBytes are in the source's pipe when the neighbour comes. They fit into one of the usual size, and leave room.
const besiegedBytes = 40_000

const besiegedLinks = 3

// siege is a stream, with both its ends, of which something keeps the one.
type siege struct {
	t            *testing.T
	data         []byte
	source, sink *enginetest.Stdio
	tx, rx       *running
	beats        map[string]*pulses // by where: of the sender, of the receiver
	neighbour    *enginetest.Neighbour
}

// beatsOn waits until every link of the end has sent many heartbeats from now on.
func (b *siege) beatsOn(where string) {
	b.t.Helper()
	if !b.beats[where].beatOn(besiegedLinks, soon) {
		b.t.Errorf("links do not beat meanwhile:\n%s%s", b.tx.log, b.rx.log)
	}
}

// passes checks that all comes out.
func (b *siege) passes() {
	b.t.Helper()
	go b.source.Far.Write(b.data[besiegedBytes:])
	got := make([]byte, len(b.data))
	if n, err := io.ReadFull(b.sink.Far, got); err != nil || !bytes.Equal(got, b.data) {
		b.t.Fatalf("%d bytes came out, the first %d of %d are right: %v", n, differ(got, b.data), len(got), err)
	}
	b.source.Far.Close()
	b.tx.wants(engine.StatusDone)
	b.rx.wants(engine.StatusDone)
}

// prepare makes the source and the sink of a stream of so many bytes. It puts the beginning of it into a source that is a pipe.
func prepare(t *testing.T, kind enginetest.Kind, size int) *siege {
	t.Helper()
	quiet(t)
	b := &siege{t: t, data: content(3, size), beats: map[string]*pulses{"source": {}, "sink": {}}}
	var err error
	if b.source, err = enginetest.NewSource(kind, b.data); err != nil {
		t.Fatal(err)
	}
	if b.sink, err = enginetest.NewSink(kind); err != nil {
		t.Fatal(err)
	}
	if kind == enginetest.KindPipe {
		if _, err := b.source.Far.Write(b.data[:besiegedBytes]); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// writes writes the rest of the stream, and ends it; the channel is closed then.
func (b *siege) writes() <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.source.Far.Write(b.data[besiegedBytes:])
		b.source.Far.Close()
	}()
	return done
}

// opens has both ends open the source and the sink, with options that change may change; the stream begins with the call of what
// it gives.
func (b *siege) opens(change func(where string, o *rig.Setup)) (begin func()) {
	b.t.Helper()
	network := enginetest.NewNet(0, enginetest.Faults{})
	options := func(where string) rig.Setup {
		o := rig.Setup{
			Options: engine.Options{Threads: besiegedLinks, CPUs: unpinned(2)},
			Hooks:   rig.Hooks{Transport: b.beats[where].of(network), Timing: steady},
		}
		if change != nil {
			change(where, &o)
		}
		return o
	}
	rxLog, txLog := &lines{to: io.Discard}, &lines{to: io.Discard}
	r, err := rig.NewReceiver(rig.ReceiveConfig{
		Setup: looped(options("sink")), Port: port, Sink: b.sink.FD, Observer: hears{rxLog, "rx: ", observe.LevelChoices},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	s, err := rig.NewSender(rig.SendConfig{
		Setup: looped(options("source")), Paths: []engine.Path{{Host: "a", Port: port}}, Source: b.source.FD,
		Observer: hears{txLog, "tx: ", observe.LevelChoices},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return func() {
		b.rx = start(b.t, network, b.sink, rxLog, r.Run, r.Snapshot)
		b.tx = start(b.t, network, b.source, txLog, s.Run, s.Snapshot)
	}
}

// besiege begins a stream while a neighbour is in one of its pipes, and returns when a loop has been taken over. The
// neighbour comes when the ends have opened their pipes, or first.
func besiege(t *testing.T, where string, first bool) *siege {
	t.Helper()
	b := prepare(t, enginetest.KindPipe, 800_000)
	pipe := b.sink.FD
	if where == "source" {
		pipe = int(b.source.Far.Fd())
	}
	intrude := func() {
		var err error
		if b.neighbour, err = enginetest.Intrude(pipe); err != nil {
			t.Fatal(err)
		}
	}
	if first {
		intrude()
	}
	begin := b.opens(nil)
	if !first {
		intrude()
	}
	begin()
	stuck := b.rx
	if where == "source" {
		stuck = b.tx
	}
	t.Cleanup(b.neighbour.Leave) // nobody could close the pipe
	b.tx.until("a loop is taken over", func() bool { return count[observe.LoopTakenOver](stuck.log, nil) > 0 })
	return b
}
