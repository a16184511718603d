package engine

import (
	"time"

	"viamillipede/engine/observe"
)

// Snapshot is how this end stands. Any goroutine may call it at any time; it takes as long as the busiest loop needs to answer.
func (l *life) Snapshot() observe.Snapshot { return l.curtain.Snapshot(l.snapshot, l.Summary) }

func (l *life) snapshot() observe.Snapshot {
	s := observe.Snapshot{Links: l.end.linkStatus(), Loops: l.placed.Load().Describe(), Uncounted: l.gauge.Lost()}
	s.Time = time.Now()
	s.Summary = l.summary(s.Time)
	l.end.fill(&s)
	return s
}

// Summary is what the stream has done until now, or until its end. Any goroutine may call it while Run runs.
func (l *life) Summary() observe.Summary {
	sum := l.summary(time.Now())
	var links []observe.LinkSummary
	for _, w := range l.workers {
		links = append(links, w.collect()...)
	}
	sum.Links = addUp(links, sum.Elapsed)
	return sum
}

// summary is Summary without its Links.
func (l *life) summary(now time.Time) observe.Summary {
	l.mu.Lock()
	sum := observe.Summary{Bytes: l.end.bytes(), Elapsed: span(l.first, l.ended, now), LinksLost: l.lost}
	l.mu.Unlock()
	l.end.account(&sum)
	return sum
}

// Progress is how many bytes were read from the source or written to the sink, and for how long there have been links; it costs next
// to nothing. Any goroutine may call it.
func (l *life) Progress() (bytes uint64, elapsed time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.end.bytes(), span(l.first, l.ended, time.Now())
}

// span is the time from the first link to the end, or to now; zero if there was no link.
func span(first, end, now time.Time) time.Duration {
	if first.IsZero() {
		return 0
	}
	if !end.IsZero() {
		now = end
	}
	return max(0, now.Sub(first)) // the stream may have been over before the peer came
}
