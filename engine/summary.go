package engine

import (
	"time"

	"viamillipede/engine/observe"
	"viamillipede/engine/window"
)

// summary is what the stream has done until now, or until its end.
func (s *Sender) summary(now time.Time) observe.Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := observe.Summary{
		Bytes: s.in.Size(), Elapsed: span(s.first, s.ended, now), LinksLost: s.lost,
		Cuts: uint64(s.chaos.Cuts.Load()), EnginePath: s.enginePath(), Sender: true,
	}
	var held [window.MaxPaths]time.Duration
	if s.met {
		w := s.window.State()
		sum.LegsResent, sum.BytesResent, sum.WindowFull, held = w.Resent.Legs, w.Resent.Bytes, w.Full, w.Held
	}
	sum.Paths = s.pathSummaries(sum.Elapsed, held[:])
	return sum
}

// pathSummaries is what each path did in that time; held is for how long each had the oldest missing leg.
func (s *Sender) pathSummaries(elapsed time.Duration, held []time.Duration) []observe.PathSummary {
	all := make([]observe.PathSummary, len(s.paths))
	total := uint64(0)
	for i, p := range s.paths {
		bytes := uint64(p.Bytes.Load())
		total += bytes
		all[i] = observe.PathSummary{
			Name: p.String(), Links: p.Links(), Bytes: bytes, Rate: observe.PerSecond(bytes, elapsed), RTT: time.Duration(p.RTT.Load()),
			LinksLost: uint64(p.Lost.Load()), RescuedFrom: uint64(p.RescuedFrom.Load()), RescuedTo: uint64(p.RescuedTo.Load()),
			Head: part(float64(held[i]), float64(elapsed)), NeverUp: p.NeverUp(), Last: p.Failure(),
		}
	}
	for i := range all {
		all[i].Share = part(float64(all[i].Bytes), float64(total))
	}
	return all
}

// part is the share of a in b; 0 if there is nothing to share.
func part(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return min(a/b, 1)
}

// summary is what the stream has done until now, or until its end.
func (r *Receiver) summary(now time.Time) observe.Summary {
	path := r.enginePath()
	r.mu.Lock()
	defer r.mu.Unlock()
	return observe.Summary{
		Bytes: r.out.Written(), Elapsed: span(r.first, r.ended, now), LinksLost: r.lost,
		Refused: r.doors.Refused(), Moved: r.moved, EnginePath: path,
	}
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
