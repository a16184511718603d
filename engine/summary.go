package engine

import (
	"fmt"
	"strings"
	"time"
)

// Summary is what a stream did at one end.
type Summary struct {
	Bytes       uint64 // read from the source, or written to the sink
	Elapsed     time.Duration
	LinksLost   uint64
	LegsResent  uint64 // at the sender; a receiver does not know
	BytesResent uint64 // likewise
	Cuts        uint64 // of the links lost, by chaos
	Refused     uint64 // strangers at a receiver
	EnginePath  string
	sender      bool
}

// String is the summary as one line.
func (s Summary) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d bytes (%s) in %.3f s, %s/s, %d links lost", s.Bytes, formatBytes(s.Bytes),
		s.Elapsed.Seconds(), formatBytes(perSecond(s.Bytes, s.Elapsed)), s.LinksLost)
	if s.Cuts > 0 {
		fmt.Fprintf(&b, " (%d cut by chaos)", s.Cuts)
	}
	if s.sender {
		fmt.Fprintf(&b, ", %d legs resent, %d bytes resent", s.LegsResent, s.BytesResent)
	}
	if s.Refused > 0 {
		fmt.Fprintf(&b, ", %d strangers refused", s.Refused)
	}
	fmt.Fprintf(&b, ", engine path: %s", s.EnginePath)
	return b.String()
}

// number is a number of things, for people.
func number(n int, of string) string {
	if n != 1 {
		of += "s"
	}
	return fmt.Sprintf("%d %s", n, of)
}

// formatBytes is a number of bytes for people: three digits and a binary unit.
func formatBytes(n uint64) string {
	if n < 1<<10 {
		return fmt.Sprintf("%d B", n)
	}
	v, unit := float64(n), ""
	for _, unit = range []string{"KiB", "MiB", "GiB", "TiB", "PiB"} {
		v /= 1 << 10
		if v < 1000 {
			break
		}
	}
	if v < 10 {
		return fmt.Sprintf("%.2f %s", v, unit)
	}
	return fmt.Sprintf("%.4g %s", v, unit)
}

// summary is what the stream did until now, or until its end.
func (s *Sender) summary(now time.Time) Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := Summary{
		Bytes: s.in.offset.Load(), Elapsed: span(s.first, s.ended, now), LinksLost: s.lost,
		Cuts: uint64(s.chaos.cuts.Load()), EnginePath: s.enginePath(), sender: true,
	}
	if s.met {
		resent := s.window.state().resent
		sum.LegsResent, sum.BytesResent = resent.legs, resent.bytes
	}
	return sum
}

// summary is what the stream did until now, or until its end.
func (r *Receiver) summary(now time.Time) Summary {
	path := r.enginePath()
	r.mu.Lock()
	defer r.mu.Unlock()
	return Summary{
		Bytes: r.out.bytes.Load(), Elapsed: span(r.first, r.ended, now), LinksLost: r.lost,
		Refused: r.strangers.count(), EnginePath: path,
	}
}

// span is the time from the first link to the end, or to now; zero where there was none.
func span(first, end, now time.Time) time.Duration {
	if first.IsZero() {
		return 0
	}
	if !end.IsZero() {
		now = end
	}
	return now.Sub(first)
}
