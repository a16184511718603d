package schedule

import "time"

// Trip is a leg's journey on a link, from the time the link took it.
type Trip struct {
	From    time.Time
	Expects time.Time // when it was expected to arrive
	Due     time.Time // it is late after that
	Bytes   int
	Offered bool // to other links
}

// Speed is what a link has shown that it carries, smoothed. The zero speed is unknown.
//
// The path carries what the peer's kernel acknowledges while the link has more to send than the network takes. It carries at least
// what is acknowledged in a longer time, whatever the link lacks, and what a whole journey shows, from an idle link to the peer's word
// that all legs are there.
type Speed struct {
	Rate float64 // bytes a second

	begun time.Time // when the first leg of the current journey was taken
	came  int       // bytes of legs received of it

	Took   time.Duration // how long the last leg that arrived took since the link took it; 0: not known
	Misses time.Duration // how far off legs arrived from when they were expected, smoothed

	looked time.Time // when what was acknowledged was last looked at
	acked  uint64    // bytes, then
	lacked bool      // the link has had nothing unsent at some time since

	since     time.Time // what is acknowledged, whatever the link lacks, is counted from here
	sinceThen uint64    // bytes that were acknowledged then
}

// Depart notes that an idle link takes a leg.
func (s *Speed) Depart(now time.Time) { s.begun, s.came, s.lacked = now, 0, true }

// Arrive records trips that ended on a link with that minimum round trip. last: no other trip is left, and the journey is over.
func (s *Speed) Arrive(ended []Trip, now time.Time, roundTrip time.Duration, last bool) {
	for _, t := range ended {
		s.Misses += (now.Sub(t.Expects).Abs() - s.Misses) / 8
		if !t.Offered { // else another link may have brought it
			s.came += t.Bytes
			s.Took = now.Sub(t.From)
		}
	}
	if last || s.Rate == 0 {
		s.atLeast(float64(s.came) / max(now.Sub(s.begun)-roundTrip, journeyLeast).Seconds())
	}
}

// Look records how many bytes the peer's kernel has acknowledged so far, on a link with that minimum round trip. lacks: the link has
// nothing unsent. wait is how long it may take until something of what it has in the network is acknowledged: a slow link's acks are
// far between, and as long as none is overdue, silence says nothing.
func (s *Speed) Look(acked uint64, lacks bool, roundTrip, wait time.Duration, now time.Time) {
	if took := now.Sub(s.since); took >= max(wideSample, roundTrip, wait) {
		if !s.since.IsZero() && s.Rate > 0 {
			s.Rate = max(s.Rate, float64(acked-s.sinceThen)/took.Seconds())
		}
		s.since, s.sinceThen = now, acked
	}
	s.lacked = s.lacked || lacks
	took := now.Sub(s.looked)
	if took < sampleLeast || acked == s.acked && took < wait && !s.looked.IsZero() {
		return
	}
	if !s.looked.IsZero() && !s.lacked {
		rate := float64(acked-s.acked) / took.Seconds()
		s.Rate += (rate - s.Rate) * float64(took) / float64(took+speedTime)
	}
	s.looked, s.acked, s.lacked = now, acked, lacks
}

// atLeast takes account of a speed that may be less than what the link can do.
func (s *Speed) atLeast(rate float64) {
	switch {
	case s.Rate == 0:
		s.Rate = rate
	case rate > s.Rate:
		s.Rate += (rate - s.Rate) / 4
	}
}
