package engine

import (
	"time"

	"viamillipede/engine/window"
)

// Summary is what a stream did at one end.
type Summary struct {
	Sender      bool   // which end it is
	Bytes       uint64 // read from the source, or written to the sink
	Elapsed     time.Duration
	LinksLost   uint64
	LegsResent  uint64        // at the sender; a receiver cannot tell
	BytesResent uint64        // likewise
	Cuts        uint64        // how many of the lost links chaos cut
	Refused     uint64        // strangers at a receiver
	Moved       uint64        // links at a receiver that moved to a loop nearer to their packets
	WindowFull  time.Duration // at the sender: how long the window, and nothing else, held the stream back
	EnginePath  EnginePath
	Paths       []PathSummary // at the sender, in the order given
	Links       []LinkSummary // with Options.LinkSums, by their index
}

// PathSummary is what one path did for a stream.
type PathSummary struct {
	Name        string
	Links       int           // up now
	Bytes       uint64        // of legs sent on it, including those sent again
	Share       float64       // of the bytes of all paths, 0 to 1
	Rate        uint64        // bytes per second, over the stream's time
	RTT         time.Duration // smoothed round trip, as last seen
	LinksLost   uint64
	RescuedFrom uint64  // legs that were late on it and were sent on another link too
	RescuedTo   uint64  // legs that were late elsewhere and were sent on it too
	NeverUp     bool    // it never had a link
	Last        error   // how its last attempt to connect failed; nil: it succeeded, or none has ended yet
	Head        float64 // share of the stream's time in which it carried the oldest missing leg, 0 to 1
}

// Rate is bytes a second over the stream's time.
func (s Summary) Rate() uint64 { return perSecond(s.Bytes, s.Elapsed) }

// perSecond is a rate in bytes a second.
func perSecond(bytes uint64, d time.Duration) uint64 {
	if d <= 0 {
		return 0
	}
	return uint64(float64(bytes) / d.Seconds())
}

// summary is what the stream has done until now, or until its end.
func (s *Sender) summary(now time.Time) Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := Summary{
		Bytes: s.in.size(), Elapsed: span(s.first, s.ended, now), LinksLost: s.lost,
		Cuts: uint64(s.chaos.cuts.Load()), EnginePath: s.enginePath(), Sender: true,
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
func (s *Sender) pathSummaries(elapsed time.Duration, held []time.Duration) []PathSummary {
	all := make([]PathSummary, len(s.paths))
	total := uint64(0)
	for i, p := range s.paths {
		bytes := uint64(p.bytes.Load())
		up, _, _, last := p.state()
		total += bytes
		all[i] = PathSummary{
			Name: p.String(), Links: up, Bytes: bytes, Rate: perSecond(bytes, elapsed), RTT: time.Duration(p.rtt.Load()),
			LinksLost: uint64(p.lost.Load()), RescuedFrom: uint64(p.rescuedFrom.Load()), RescuedTo: uint64(p.rescuedTo.Load()),
			Head: part(float64(held[i]), float64(elapsed)), NeverUp: p.neverUp(), Last: last,
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
func (r *Receiver) summary(now time.Time) Summary {
	path := r.enginePath()
	r.mu.Lock()
	defer r.mu.Unlock()
	return Summary{
		Bytes: r.out.bytes.Load(), Elapsed: span(r.first, r.ended, now), LinksLost: r.lost,
		Refused: r.doors.refused(), Moved: r.moved, EnginePath: path,
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
