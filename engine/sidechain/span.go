package sidechain

import (
	"time"

	"viamillipede/engine/schedule"
)

// span is a time over which it is measured what moves how much. The zero span has not begun.
type span struct {
	begun time.Time
	from  int64 // bytes that the peer had received by then
	came  int64 // bytes that it has received since
	raw   int64 // bytes of the source that links were given
	wire  int64 // as many as they were given for them
	legs  int64 // so many legs
	lag   int64 // bytes on the way whenever a link was given one of them, added up
	late  int64 // so many of them had to be waited for, because they were being coded
	dry   int64 // before so many of them, the source had nothing for a moment
}

// limit is what the others wait for.
type limit int

const (
	limitUnknown limit = iota
	limitCoders
	limitLinks
	limitSource
)

const (
	// spanLeast is how many bytes a span needs to say something, and spanCame how many of them the peer has to have received.
	spanLeast = 1 << 20
	spanCame  = 128 << 10
	// fewLegs is how many legs are on their way at most while links wait for coders, and how many a span needs to say that they do.
	fewLegs = 4
	// lateMany: of so many legs one has to be waited for, or more, if links wait for coders: some are done at the same time. lateFew:
	// likewise, or less, if they do not.
	lateMany = 3
	lateFew  = 8
)

// says reports whether a span that should last so long says something.
func (s *span) says(lasts time.Duration, now time.Time) bool {
	return now.Sub(s.begun) >= lasts && s.raw >= spanLeast && s.came >= spanCame
}

// carried is how many bytes a second links have carried.
func (s *span) carried(now time.Time) float64 { return float64(s.came) / now.Sub(s.begun).Seconds() }

// limit says what the others wait for. trip is the round trip of the links. first: little is known yet, and links that have next to
// nothing on their way are taken to wait.
func (s *span) limit(now time.Time, trip time.Duration, first bool) limit {
	takes := func(d time.Duration) float64 { return s.carried(now) * (2*trip + d).Seconds() }
	lag := float64(s.lag) / float64(s.legs)
	switch {
	case lag >= max(takes(schedule.CoderLag), fewLegs*float64(s.wire)/float64(s.legs)):
		return limitLinks
	case 2*s.dry > s.legs:
		return limitSource
	case s.legs < fewLegs && now.Sub(s.begun) < 2*schedule.CoderSpan:
	case lateMany*s.late > s.legs, first && lag < takes(schedule.CoderLagLeast):
		return limitCoders
	case s.legs >= lateFew && lateFew*s.late < s.legs, now.Sub(s.begun) >= 2*schedule.CoderSpan:
		return limitLinks
	}
	return limitUnknown
}
