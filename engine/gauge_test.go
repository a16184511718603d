package engine_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/observe"
	"viamillipede/engine/rig"
)

// waitFor looks again and again, for a bounded time.
func waitFor(t *testing.T, what string, true func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !true(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited too long until %s", what)
		}
	}
}

// end is what a test looks at.
type end interface{ Snapshot() observe.Snapshot }

// halfway carries a stream that stands still in its middle, where look gets both ends and what they said.
func halfway(t *testing.T, o rig.Setup, look func(tx, rx end, txSaid, rxSaid *lines)) {
	t.Helper()
	quiet(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	source, sourceErr := enginetest.NewSource(enginetest.KindPipe, nil)
	sink, sinkErr := enginetest.NewSink(enginetest.KindPipe)
	if err := errors.Join(sourceErr, sinkErr); err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	defer sink.Close()
	txSaid, rxSaid := unwatched(), unwatched()
	o.Threads = 4
	r, err := rig.NewReceiver(rig.ReceiveConfig{
		Setup: o, Sink: sink.FD, Observer: hears{rxSaid, "", observe.LevelChoices},
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := rig.NewSender(rig.SendConfig{
		Setup: o, Paths: []engine.Path{{Host: "127.0.0.1", Port: portOf(r)}}, Source: source.FD,
		Observer: hears{txSaid, "", observe.LevelChoices},
	})
	if err != nil {
		t.Fatal(err)
	}
	var ends, others sync.WaitGroup
	var rxErr, txErr error
	var got []byte
	ends.Go(func() { _, rxErr = r.Run(ctx) })
	ends.Go(func() { _, txErr = s.Run(ctx) })
	others.Go(func() { got, _ = io.ReadAll(sink.Far) })
	data := content(7, 4<<20)
	_, firstErr := source.Far.Write(data[:len(data)/2])
	look(s, r, txSaid, rxSaid)
	_, lastErr := source.Far.Write(data[len(data)/2:])
	source.Far.Close()
	ends.Wait()
	sink.CloseNear()
	others.Wait()
	if err := errors.Join(firstErr, lastErr, rxErr, txErr); err != nil {
		t.Errorf("%v\ntx: %s\nrx: %s", err, txSaid, rxSaid)
	}
	if !bytes.Equal(got, data) {
		t.Error("other bytes came out")
	}
}

// countedOn reports whether the kernel counts what comes in on a link over loopback.
func countedOn(l observe.LinkStatus) bool {
	if l.Counts == nil || len(l.Counts.Flows) == 0 {
		return false
	}
	f := l.Counts.Flows[0]
	return f.Device == "lo" && f.Queue < 0 && f.Hash != 0 && f.Packets > 0
}

// TestSocketStatistics: both ends tell what the kernel counts, of every link.
func TestSocketStatistics(t *testing.T) {
	halfway(t, rig.Setup{Options: engine.Options{SockStats: true}}, func(tx, rx end, txSaid, rxSaid *lines) {
		for e, said := range map[end]*lines{tx: txSaid, rx: rxSaid} {
			waitFor(t, "it is decided what counts", func() bool { return count[observe.SocketStatistics](said, nil) > 0 })
			if count(said, func(e observe.SocketStatistics) bool { return e.Err == nil && e.Filter == nil }) == 0 {
				t.Logf("no counting here: %s", said)
				continue
			}
			waitFor(t, "all links are counted on", func() bool {
				links := e.Snapshot().Links
				return len(links) == 4 && !slices.ContainsFunc(links, func(l observe.LinkStatus) bool { return !countedOn(l) })
			})
		}
	})
}

// TestNoSocketStatistics: none are wanted, or the links are no TCP connections. Nothing else changes.
func TestNoSocketStatistics(t *testing.T) {
	network := enginetest.NewNet(1, enginetest.Faults{})
	defer network.Close()
	for _, test := range []struct {
		o       rig.Setup
		all     string // why there are none at all
		oneLink string // or of a link
	}{
		{rig.Setup{}, "switched off", "-"},
		{rig.Setup{Options: engine.Options{SockStats: true}, Hooks: rig.Hooks{Transport: network}}, "no permission", "not a TCP socket"},
	} {
		halfway(t, test.o, func(tx, rx end, txSaid, rxSaid *lines) {
			for e, said := range map[end]*lines{tx: txSaid, rx: rxSaid} {
				waitFor(t, "it tells that there are none", func() bool {
					return count(said, func(e observe.SocketStatistics) bool {
						return e.Err != nil && strings.HasPrefix(e.Err.Error(), test.all)
					})+
						count(said, func(e observe.LinkNotCounted) bool { return strings.HasPrefix(e.Err.Error(), test.oneLink) }) > 0
				})
				for _, l := range e.Snapshot().Links {
					if l.Counts != nil {
						t.Errorf("there are statistics: %+v", l)
					}
				}
			}
		})
	}
}
