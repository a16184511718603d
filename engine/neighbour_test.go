package engine_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
)

// A neighbour who holds the lock of standard input's pipe, or of standard output's, for many times as long as a silent link
// lives: no link is lost, and all comes out.
func TestNeighbourInsideSplice(t *testing.T) {
	for _, where := range []string{"source", "sink"} {
		t.Run(where, func(t *testing.T) {
			b := besiege(t, where, false)
			time.Sleep(3 * besieged.Dead)
			b.neighbour.Leave()
			if b.rx.log.contains("nothing heard") || b.tx.log.contains("nothing heard") {
				t.Errorf("a link was lost meanwhile:\n%s%s", b.tx.log, b.rx.log)
			}
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
			for _, end := range []struct {
				*running
				status engine.Status
			}{{own, engine.StatusInterrupt}, {other, engine.StatusRemotePipe}} {
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

// besieged has clocks by which a silent link dies soon.
var besieged = func() engine.Timing {
	t := steady
	t.Dead = 300 * time.Millisecond // far more than a busy machine keeps a thread waiting
	return t
}()

// besiegedBytes are in the source's pipe when the neighbour comes. They fit into one of the usual size, and leave room.
const besiegedBytes = 40_000

// siege is a stream, both its ends, one of whose pipes is a neighbour's.
type siege struct {
	t            *testing.T
	data         []byte
	source, sink *enginetest.Stdio
	tx, rx       *running
	neighbour    *enginetest.Neighbour
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

// besiege begins a stream while a neighbour is in one of its pipes, and returns when a loop has been taken over. The
// neighbour comes when the ends have opened their pipes, or first.
func besiege(t *testing.T, where string, first bool) *siege {
	t.Helper()
	quiet(t)
	b := &siege{t: t, data: content(3, 800_000)}
	network := enginetest.NewNet(0, enginetest.Faults{})
	var err error
	if b.source, err = enginetest.NewSource(enginetest.KindPipe, nil); err != nil {
		t.Fatal(err)
	}
	if b.sink, err = enginetest.NewSink(enginetest.KindPipe); err != nil {
		t.Fatal(err)
	}
	pipe := b.sink.FD
	if where == "source" {
		pipe = int(b.source.Far.Fd())
	}
	intrude := func() {
		if b.neighbour, err = enginetest.Intrude(pipe); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.source.Far.Write(b.data[:besiegedBytes]); err != nil {
		t.Fatal(err)
	}
	if first {
		intrude()
	}
	o := engine.Options{Transport: network, Timing: besieged, Threads: 3, CPUs: unpinned(2)}
	rxLog, txLog := &lines{to: io.Discard}, &lines{to: io.Discard}
	r, err := engine.NewReceiver(engine.ReceiveConfig{
		Options: o, Port: port, Sink: b.sink.FD, Log: engine.NewLog(rxLog, "rx: ", engine.LevelChoices),
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := engine.NewSender(engine.SendConfig{
		Options: o, Paths: []engine.Path{{Host: "a", Port: port}}, Source: b.source.FD,
		Log: engine.NewLog(txLog, "tx: ", engine.LevelChoices),
	})
	if err != nil {
		t.Fatal(err)
	}
	if !first {
		intrude()
	}
	stuck := rxLog
	if where == "source" {
		stuck = txLog
	}
	b.rx = start(t, network, b.sink, rxLog, r.Run, r.WriteStatus)
	b.tx = start(t, network, b.source, txLog, s.Run, s.WriteStatus)
	b.tx.until("a loop is taken over", func() bool { return stuck.contains("goes on without its thread") })
	return b
}

func (l *lines) contains(s string) bool { return strings.Contains(l.String(), s) }
