package engine_test

import (
	"bytes"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
)

// A disk that does not answer for many times as long as a silent link lives, at the source or at the sink: no link is lost,
// and all comes out.
func TestStalledDisk(t *testing.T) {
	for _, where := range []string{"source", "sink"} {
		t.Run(where, func(t *testing.T) {
			quiet(t)
			data := content(4, 2_000_000)
			network := enginetest.NewNet(0, enginetest.Faults{})
			source, err := enginetest.NewSource(enginetest.KindFile, data)
			if err != nil {
				t.Fatal(err)
			}
			sink, err := enginetest.NewSink(enginetest.KindFile)
			if err != nil {
				t.Fatal(err)
			}
			o := engine.Options{Transport: network, Timing: besieged, Threads: 4, CPUs: unpinned(2), Leg: 64 << 10}
			stalls := o
			var calls atomic.Int64
			stalls.Lapses = func() time.Duration {
				if calls.Add(1) == 3 { // when some links have legs on their way
					return 5 * besieged.Dead
				}
				return 0
			}
			rxOptions, txOptions := o, stalls
			if where == "sink" {
				rxOptions, txOptions = stalls, o
			}
			rxLog, txLog := &lines{to: io.Discard}, &lines{to: io.Discard}
			r, err := engine.NewReceiver(engine.ReceiveConfig{
				Options: rxOptions, Port: port, Sink: sink.FD, Log: engine.NewLog(rxLog, "rx: ", engine.LevelLinks),
			})
			if err != nil {
				t.Fatal(err)
			}
			s, err := engine.NewSender(engine.SendConfig{
				Options: txOptions, Paths: []engine.Path{{Host: "a", Port: port}}, Source: source.FD,
				Log: engine.NewLog(txLog, "tx: ", engine.LevelLinks),
			})
			if err != nil {
				t.Fatal(err)
			}
			rx := start(t, network, sink, rxLog, r.Run, r.WriteStatus)
			tx := start(t, network, source, txLog, s.Run, s.WriteStatus)
			tx.wants(engine.StatusDone)
			rx.wants(engine.StatusDone)
			if txLog.contains("nothing heard") || rxLog.contains("nothing heard") {
				t.Errorf("a link was lost meanwhile:\n%s%s", txLog, rxLog)
			}
			if calls.Load() < 3 {
				t.Error("nothing has stalled")
			}
			if got := rx.content(); !bytes.Equal(got, data) {
				t.Errorf("%d bytes came out, right up to byte %d of %d", len(got), differ(got, data), len(data))
			}
		})
	}
}
