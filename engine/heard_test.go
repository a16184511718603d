package engine_test

import (
	"fmt"
	"io"

	"viamillipede/engine/observe"
)

// hears is an Observer that writes a line for each event to a log, which keeps those of links, choices and worse.
type hears struct {
	log    *lines
	prefix string
	level  observe.Level
}

func (h hears) Enabled(l observe.Level) bool { return l <= h.level }

func (h hears) Observe(e observe.Event) {
	fmt.Fprintf(h.log, "%s%T %+v\n", h.prefix, e, e)
	if observe.LevelOf(e) < observe.LevelLegs {
		h.log.keep(e)
	}
}

// unwatched is a log of which only its last lines are of interest.
func unwatched() *lines { return &lines{to: io.Discard} }

func (l *lines) keep(e observe.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

// count is how many events of a type were heard for which is holds; nil is all of them.
func count[E observe.Event](l *lines, is func(E) bool) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		if e, ok := e.(E); ok && (is == nil || is(e)) {
			n++
		}
	}
	return n
}

// outages counts the events of outages that are in a phase.
func outages(l *lines, phase observe.Phase) int {
	return count(l, func(e observe.Outage) bool { return e.Phase == phase })
}
