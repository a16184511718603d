package observe_test

import (
	"slices"
	"testing"

	"viamillipede/engine/observe"
	"viamillipede/engine/observe/observetest"
)

// hardOfHearing hears errors only.
type hardOfHearing struct{ observetest.Told }

func (hardOfHearing) Enabled(l observe.Level) bool { return l <= observe.LevelError }

// An event that nobody wants to hear of costs nothing but to ask.
func TestUnheardEventsAreNotMade(t *testing.T) {
	deaf := &hardOfHearing{}
	leg := uint64(0)
	for name, f := range map[string]func(){
		"nobody":             func() { leg++; observe.Tell(nil, observe.LegSent{Leg: leg, Bytes: 7, Link: 3}) },
		"nobody of interest": func() { leg++; observe.Tell(deaf, observe.LegSent{Leg: leg, Bytes: 7, Link: 3}) },
		"a large one":        func() { leg++; observe.Tell(deaf, observe.LegLate{Leg: leg, Link: 3}) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	observe.Tell(deaf, observe.LinkUp{Link: 1})
	observe.Tell(deaf, observe.SinkNotCut{})
	if want := []observe.Event{observe.SinkNotCut{}}; !slices.Equal(deaf.Events, want) {
		t.Errorf("heard %v, want %v", deaf.Events, want)
	}
}
