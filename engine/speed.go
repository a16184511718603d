package engine

import "time"

// trip is a leg's journey on a link, from the time the link took it.
type trip struct {
	from    time.Time
	due     time.Time // late after that
	expects time.Time // when it was expected to arrive
	bytes   int
	offered bool // to other links
}

// speed is what a link has shown to carry, smoothed. The zero speed is unknown.
type speed struct {
	rate  float64   // bytes a second
	begun time.Time // of the sample that is being taken
	sum   int       // bytes of that
	acked time.Time // when legs were last known to be received

	starved bool // the link had nothing to carry at some time in the sample: it could have carried more
}

// speedTime is how long a link has to go at another speed until half of the difference is taken for real.
const speedTime = 30 * time.Millisecond

// sampleLeast is how long a sample takes at least: acks come in clusters.
const sampleLeast = 2 * time.Millisecond

// depart notes that the link takes a leg and has carried nothing until now.
func (s *speed) depart(now time.Time) { s.begun, s.sum, s.starved = now, 0, true }

// learn takes in trips that ended now, at least one. more says that the link carries others, and wants that it could take
// more than there is. A sample in which the link lacked work shows only the least that it can do.
func (s *speed) learn(ended []trip, now time.Time, more, wants bool) {
	for _, t := range ended {
		if !t.offered { // else another link may have brought it
			s.sum += t.bytes
		}
	}
	s.acked = now
	s.starved = s.starved || wants
	took := now.Sub(s.begun)
	if took < sampleLeast && s.rate > 0 && more {
		return
	}
	rate := float64(s.sum) / max(took, time.Microsecond).Seconds()
	switch {
	case s.rate == 0:
		s.rate = rate
	case !s.starved || rate > s.rate:
		s.rate += (rate - s.rate) * float64(took) / float64(took+speedTime)
	}
	s.begun, s.sum, s.starved = now, 0, false
}

// flow is how many legs a second the stream has, as fast as it lately was: it rises at once and sinks slowly, so that a stop
// is not taken for a slow stream.
type flow struct {
	legs  float64 // a second
	since time.Time
	from  uint64 // number of the next leg then
}

const (
	flowSample = 50 * time.Millisecond
	flowKeeps  = 0.97 // of it is left after each sample
)

func (f *flow) look(next uint64, now time.Time) {
	took := now.Sub(f.since)
	if took < flowSample {
		return
	}
	if legs := float64(next-f.from) / took.Seconds(); f.since.IsZero() || legs > f.legs*flowKeeps {
		f.legs = legs
	} else {
		f.legs *= flowKeeps
	}
	if f.since.IsZero() {
		f.legs = 0
	}
	f.since, f.from = now, next
}
