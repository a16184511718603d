package engine_test

import (
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// A sender asks that its links may rest only where it is told to, and goes on with a receiver that does not know of it.
func TestRestIsAskedFor(t *testing.T) {
	for _, c := range []struct {
		rests         bool
		asks, granted uint32
	}{
		{false, 0, 0},
		{true, wire.FeatureRest, wire.FeatureRest},
		{true, wire.FeatureRest, 0},
	} {
		tx := send(t, rig.Setup{Options: engine.Options{Threads: 1, Rests: c.rests}}, content(1, 1000), answering(enginetest.PathWorks))
		h := tx.accept(100, func(w *wire.Welcome) { w.Features = c.granted })
		if h.hello.Features != c.asks {
			t.Errorf("rests %v: features %#x are asked for, want %#x", c.rests, h.hello.Features, c.asks)
		}
		h.untilType(wire.TypeLeg)
		tx.cancel()
		tx.wants(engine.StatusInterrupt)
	}
}

// A link that may rest lives on though its peer says nothing for many times as long as Timing.Dead. Any other is found dead by then.
func TestSilenceOfALinkThatRests(t *testing.T) {
	timing := steady
	timing.Tick, timing.Beat, timing.Dead = 2*time.Millisecond, 4*time.Millisecond, 100*time.Millisecond
	timing.RestAfter, timing.RestBeat, timing.RestDead = 10*time.Millisecond, 20*time.Millisecond, time.Hour
	for _, features := range []uint32{0, wire.FeatureRest} {
		rx := receive(t, rig.Setup{Hooks: rig.Hooks{Timing: timing}}, enginetest.KindPipe, nil)
		h := rx.link(0, func(h *wire.Hello) { h.Features = features })
		if h.welcome.Features != features {
			t.Errorf("asked for %#x, granted %#x", features, h.welcome.Features)
		}
		if features == 0 {
			h.untilBye(wire.ByeSilent)
			continue
		}
		for begun := time.Now(); time.Since(begun) < 3*timing.Dead; {
			h.untilType(wire.TypeBeat)
		}
		rx.cancel()
		rx.wants(engine.StatusInterrupt)
	}
}
