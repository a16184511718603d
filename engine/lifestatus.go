package engine

import (
	"time"

	"viamillipede/engine/observe"
)

// snapshot is that of the end.
func (l *life) snapshot() observe.Snapshot { return l.curtain.Snapshot(l.shown, l.summary) }

// shown is snapshot until the stream is over.
func (l *life) shown() observe.Snapshot {
	s := observe.Snapshot{Links: l.end.linkStatus(), Loops: l.placed.Load().Describe(), Uncounted: l.gauge.Lost()}
	s.Time = time.Now()
	s.Summary = l.account(s.Time)
	l.end.fill(&s)
	return s
}

// summary is that of the end.
func (l *life) summary() observe.Summary {
	sum := l.account(time.Now())
	var links []observe.LinkSummary
	for _, w := range l.workers {
		links = append(links, w.collect()...)
	}
	sum.Links = addUp(links, sum.Elapsed)
	return sum
}

// account is summary without its Links.
func (l *life) account(now time.Time) observe.Summary {
	l.mu.Lock()
	sum := observe.Summary{Bytes: l.end.bytes(), Elapsed: span(l.first, l.ended, now), LinksLost: l.lost}
	l.mu.Unlock()
	l.end.account(&sum)
	return sum
}

// progress is that of the end.
func (l *life) progress() (bytes uint64, elapsed time.Duration) {
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
