package window

import (
	"time"

	"viamillipede/engine/schedule"
)

// flow is how many legs per second the stream has, at its recent fastest: it rises at once and falls slowly, so that a stop is not
// taken for a slow stream.
type flow struct {
	legs  float64 // a second
	since time.Time
	from  uint64 // number of the next leg then
}

// look notes the number of the next leg.
func (f *flow) look(next uint64, now time.Time) {
	took := now.Sub(f.since)
	if took < schedule.FlowSample {
		return
	}
	if !f.since.IsZero() {
		f.legs = max(float64(next-f.from)/took.Seconds(), f.legs*schedule.FlowKeeps)
	}
	f.since, f.from = now, next
}
