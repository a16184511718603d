package engine_test

import (
	"testing"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// A name is asked for only where there is one, and goes first on each link, only where that is granted.
func TestNameGoesFirst(t *testing.T) {
	for _, c := range []struct {
		title         string
		asks, granted uint32
		first         wire.Type
	}{
		{"visage", wire.FeatureName, wire.FeatureName, wire.TypeName},
		{"visage", wire.FeatureName, 0, wire.TypeLeg},
		{"", 0, 0, wire.TypeLeg},
	} {
		tx := send(t, rig.Setup{Options: engine.Options{Threads: 2, Title: c.title}}, content(1, 1000), answering(enginetest.PathWorks))
		grants := func(w *wire.Welcome) { w.Features = c.granted }
		h, other := tx.accept(100, grants), tx.accept(100, grants)
		for _, h := range []*hand{h, other} {
			if h.hello.Features != c.asks {
				t.Errorf("features %#x are asked for, want %#x", h.hello.Features, c.asks)
			}
			if c.granted == 0 {
				continue
			}
			h.until(func(f wire.Header, payload []byte) bool {
				title, err := f.Title(payload)
				if f.Type != c.first || err != nil || string(title) != c.title {
					t.Errorf("first comes %v, %q, %v", f.Type, title, err)
				}
				return true
			})
		}
		if c.granted == 0 {
			h.until(func(f wire.Header, _ []byte) bool {
				if f.Type == wire.TypeName {
					t.Error("NAME was not granted")
				}
				return f.Type == wire.TypeEnd
			})
		}
		h.send(wire.Fault{Status: uint16(engine.StatusLocalPipe), Text: "enough"}.Append(nil))
		tx.wants(engine.StatusRemotePipe)
	}
}

// What is not granted, or breaks the rule, costs the link.
func TestNameRefused(t *testing.T) {
	rx := receive(t, rig.Setup{}, enginetest.KindFile, nil)
	h := rx.link(0)
	h.send(wire.Title("visage").Append(nil))
	h.untilClosed()
	h = rx.link(0, func(h *wire.Hello) { h.Stream[0], h.Features = 2, wire.FeatureName }) // waits until the one before has gone
	h.send(wire.Title("a\nb").Append(nil))
	h.untilClosed()
	s := newStream(1, 1000)
	h = rx.link(0, func(h *wire.Hello) { h.Stream[0], h.Features = 3, wire.FeatureName })
	h.send(wire.Title("visage").Append(nil), s.frame(0), wire.End{Legs: 1, Bytes: 1000}.Append(nil))
	h.untilType(wire.TypeDone)
	h.send(wire.Bye{Stream: true}.Append(nil))
	rx.wants(engine.StatusDone)
}
