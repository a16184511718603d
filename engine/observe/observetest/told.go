// Package observetest has an Observer for tests that ask what a user would hear.
package observetest

import "viamillipede/engine/observe"

// Told keeps the events that it is told. The zero Told is ready to use, by one goroutine.
type Told struct{ Events []observe.Event }

// Enabled has everything told.
func (t *Told) Enabled(observe.Level) bool { return true }

// Observe keeps an event.
func (t *Told) Observe(e observe.Event) { t.Events = append(t.Events, e) }

// Take returns what was told since the last call.
func (t *Told) Take() (events []observe.Event) {
	events, t.Events = t.Events, nil
	return events
}
