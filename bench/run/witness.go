package run

import (
	"time"

	"viamillipede/engine/observe"
)

// Round is one stream of a bench, as one of its ends has it.
type Round struct {
	Number, Of int
	Name       string // its configuration
	Back       bool   // it goes from rx to tx, beside another one
	Sender     bool   // this end sends it
}

// Figures are what one end has measured since the warmup.
type Figures struct {
	Bytes       uint64
	Seconds     float64 // that these took
	CPU         float64 // seconds of CPU meanwhile
	Retransmits uint64
}

// Witness hears what becomes of one stream of a bench. Its methods may be called by several goroutines; End is called once, at the end.
type Witness interface {
	observe.Observer
	// Look hears at each interval how the stream stands.
	Look(observe.Snapshot)
	// End hears what this end of the stream did, what both have measured, and why the round failed; nil: it did not. What was not
	// measured is zero.
	End(sum observe.Summary, own, peer Figures, err error)
}

// LookAt is how often a witness hears of a stream, if no other interval is set.
const LookAt = time.Second

// every is how often a stream is looked at while it lasts; 0: never.
func (c *Config) every() time.Duration {
	if c.Interval == 0 && c.Witness != nil {
		return LookAt
	}
	return c.Interval
}

// meter makes the meter of one end of a stream of a round.
func (c *Config) meter(of Round, p *printer) meter {
	m := meter{words: c.Words, warmup: c.Warmup, every: c.every()}
	way := ""
	if of.Back {
		way = backward
	}
	if c.Interval > 0 {
		m.lap = p.lap(way)
	}
	if c.Witness != nil {
		m.witness = c.Witness(of)
	}
	if c.Streams != nil {
		m.shown = func(s Stream) func() { return c.Streams(of, s) }
	}
	return m
}

// observer is who hears the engine's events of the stream that is measured: the lines for people begin with prefix.
func (m *meter) observer(prefix string) observe.Observer {
	log := m.words.observer(prefix)
	switch {
	case m.witness == nil:
		return log
	case log == nil:
		return m.witness
	}
	return two{log, m.witness}
}

// conclude lets who watched the streams of a process know what became of them; peer is what the other end has measured, nil: nothing is
// known.
func (e *end) conclude(peer *end, err error) {
	if e.witness != nil {
		var theirs Figures
		if peer != nil {
			theirs = peer.figures()
		}
		e.witness.End(e.sum, e.figures(), theirs, err)
	}
	if e.Back == nil {
		return
	}
	var theirs *end
	if peer != nil {
		theirs = peer.Back
	}
	e.Back.conclude(theirs, err)
}

func (e *end) figures() Figures { return Figures{e.Counted, e.Seconds, e.CPU, e.Retransmits} }

// two hear the same.
type two struct{ first, second observe.Observer }

// Enabled implements observe.Observer.
func (t two) Enabled(level observe.Level) bool {
	return t.first.Enabled(level) || t.second.Enabled(level)
}

// Observe implements observe.Observer.
func (t two) Observe(e observe.Event) {
	for _, o := range []observe.Observer{t.first, t.second} {
		if o.Enabled(observe.LevelOf(e)) {
			o.Observe(e)
		}
	}
}
