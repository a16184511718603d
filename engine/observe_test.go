package engine

import (
	"slices"
	"testing"
)

// told is an Observer that keeps what it is told, of one goroutine.
type told struct{ events []Event }

func (t *told) Enabled(Level) bool { return true }
func (t *told) Observe(e Event)    { t.events = append(t.events, e) }

// take returns what was told since the last call.
func (t *told) take() (events []Event) {
	events, t.events = t.events, nil
	return events
}

// hardOfHearing hears errors only.
type hardOfHearing struct{ told }

func (hardOfHearing) Enabled(l Level) bool { return l <= LevelError }

// An event that nobody wants to hear of costs nothing but to ask.
func TestUnheardEventsAreNotMade(t *testing.T) {
	deaf := &hardOfHearing{}
	leg := uint64(0)
	for name, f := range map[string]func(){
		"nobody":             func() { leg++; tell(nil, LegSent{Leg: leg, Bytes: 7, Link: 3}) },
		"nobody of interest": func() { leg++; tell(deaf, LegSent{Leg: leg, Bytes: 7, Link: 3}) },
		"a large one":        func() { leg++; tell(deaf, LegLate{Leg: leg, Link: 3}) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	tell(deaf, LinkUp{Link: 1})
	tell(deaf, SinkNotCut{})
	if want := []Event{SinkNotCut{}}; !slices.Equal(deaf.events, want) {
		t.Errorf("heard %v, want %v", deaf.events, want)
	}
}
