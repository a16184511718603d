package stream

import (
	"time"

	"viamillipede/engine/observe"
)

// Snapshot is how the end stands. Any goroutine may call it at any time; it waits for the loops to answer.
func (l *Life) Snapshot() observe.Snapshot { return l.Curtain.snapshot(l.shown, l.Summary) }

// shown is Snapshot until the stream is over.
func (l *Life) shown() observe.Snapshot {
	s := observe.Snapshot{Links: l.half.LinkStatus(), Loops: l.Placed.Load().describe(), Uncounted: l.Gauge.Lost()}
	s.Time = time.Now()
	s.Summary = l.account(s.Time)
	l.half.Fill(&s)
	return s
}

// Summary is what the end has done until now, or until its end. Any goroutine may call it.
func (l *Life) Summary() observe.Summary {
	sum := l.account(time.Now())
	var links []observe.LinkSummary
	for _, w := range l.Workers {
		links = append(links, w.Collect()...)
	}
	sum.Links = addUp(links, sum.Elapsed)
	return sum
}

// account is Summary without its Links.
func (l *Life) account(now time.Time) observe.Summary {
	l.Mu.Lock()
	sum := observe.Summary{Bytes: l.half.Bytes(), Elapsed: span(l.first, l.Ended, now), LinksLost: l.lost}
	l.Mu.Unlock()
	l.half.Account(&sum)
	return sum
}

// Progress is how many bytes were read or written, and for how long there have been links. Any goroutine may call it.
func (l *Life) Progress() (bytes uint64, elapsed time.Duration) {
	l.Mu.Lock()
	defer l.Mu.Unlock()
	return l.half.Bytes(), span(l.first, l.Ended, time.Now())
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
