package window

import "time"

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
	if !f.since.IsZero() {
		f.legs = max(float64(next-f.from)/took.Seconds(), f.legs*flowKeeps)
	}
	f.since, f.from = now, next
}
