package engine_test

import (
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/observe"
	"viamillipede/engine/rig"
)

// A stream that is made here ends by time, and the summaries of its links have every leg and every link, those that were cut
// as well.
func TestLastsAndLinkSums(t *testing.T) {
	const lasts = 100 * time.Millisecond
	for name, o := range map[string]rig.Setup{
		"blank": {Hooks: rig.Hooks{Blank: true}},
		"cut":   {Options: engine.Options{Chaos: 50}, Hooks: rig.Hooks{Blank: true}},
		"made":  {Options: engine.Options{PRBS: true, Seed: 3, CPUs: unpinned(2)}},
		"small": {Options: engine.Options{IO: "copy", Delay: time.Millisecond}, Hooks: rig.Hooks{Blank: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			quiet(t)
			o.Lasts, o.LinkSums, o.Leg, o.Threads, o.Timing = lasts, true, 16<<10, 4, steady
			sink, err := enginetest.NewSink(enginetest.KindPipe)
			if err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			got, rx, tx := throughTCP(t, enginetest.NoSource(), sink, nil, o)
			if took := time.Since(begun); took < lasts {
				t.Errorf("it took %v, expected %v or more", took, lasts)
			}
			if tx.Bytes == 0 || tx.Bytes != rx.Bytes || int(tx.Bytes) != len(got) {
				t.Errorf("%d bytes were sent, %d received, and %d came out", tx.Bytes, rx.Bytes, len(got))
			}
			checkSums(t, "tx", tx)
			checkSums(t, "rx", rx)
		})
	}
}

// checkSums compares the summaries of an end's links with that of its stream.
func checkSums(t *testing.T, end string, s observe.Summary) {
	t.Helper()
	var bytes uint64
	made := 0
	for i, l := range s.Links {
		if l.Index != i || l.Made < 1 || l.Path == "" {
			t.Errorf("%s: link %d: %+v", end, i, l)
		}
		bytes += l.Bytes
		made += l.Made
	}
	if bytes < s.Bytes || made < len(s.Links) || s.LinksLost > 8 && made < 8 {
		t.Errorf("%s: %d bytes on %d links, of %d bytes in a stream that lost %d links", end, bytes, made, s.Bytes, s.LinksLost)
	}
}

// Only a stream that is made here can end by time.
func TestLastsNeedsAMadeStream(t *testing.T) {
	for _, o := range []rig.Setup{{Hooks: rig.Hooks{Lasts: time.Second}}, {Hooks: rig.Hooks{Lasts: -1, Blank: true}}} {
		_, err := rig.NewSender(rig.SendConfig{Setup: o, Paths: []engine.Path{{Host: "localhost", Port: 9}}})
		if engine.ExitStatus(err) != engine.StatusUsage {
			t.Errorf("%v: %v", o.Lasts, err)
		}
	}
}
