package engine

import (
	"maps"
	"net"
	"slices"
	"time"

	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/netio/sockstats"
)

// linkSum is a link's summary, as its loop has it, and where to read what came in on the latest link.
type linkSum struct {
	observe.LinkSummary
	counted *sockstats.Link // nil: nothing is left to read
}

// linkSums are the summaries of links that have ended, by index. They belong to their loop's thread.
type linkSums map[int]observe.LinkSummary

// sumsFor is where a loop keeps the summaries of its links; nil if they are not wanted.
func sumsFor(wanted bool) *linkSums {
	if !wanted {
		return nil
	}
	return &linkSums{}
}

// add appends the links of another summary, which came after those already there.
func (s linkSums) add(next observe.LinkSummary) {
	sum, known := s[next.Index]
	if known {
		next.Made += sum.Made
		next.Bytes += sum.Bytes
		next.Retransmits += sum.Retransmits
		next.Flows = append(sum.Flows, next.Flows...)
	}
	s[next.Index] = next
}

// sum is the link's summary until now; on its loop's thread, before its connection is closed.
func (k *Link) sum() linkSum {
	info := k.conn.Info()
	return linkSum{observe.LinkSummary{
		Index: k.index, Path: k.name, Made: 1, Bytes: k.bytes, Retransmits: uint64(info.Retransmits), CPU: info.CPU, NAPI: info.NAPI,
	}, k.counted}
}

// read adds what was counted on the latest link, while that exists. It walks through a map, so it does not run on a loop's thread,
// except at the end of a link.
func (s linkSum) read() observe.LinkSummary {
	if s.counted != nil {
		s.Flows = append(s.Flows, s.counted.Read().Flows...)
	}
	return s.LinkSummary
}

// sumUp keeps the summary of a link that ends.
func (k *Link) sumUp() {
	if k.past != nil {
		k.past.add(k.sum().read())
	}
}

// collectSums returns the summaries of a loop's links, those that have ended first; nil when the loop is too busy to answer. links
// returns those that are up, on the loop's thread.
func collectSums(l *loop.Loop, past *linkSums, links func() []*Link) []observe.LinkSummary {
	if past == nil {
		return nil
	}
	list := loop.Ask(l, schedule.StatusPatience, func() (all []linkSum) {
		for _, sum := range *past {
			all = append(all, linkSum{LinkSummary: sum})
		}
		for _, k := range links() {
			all = append(all, k.sum())
		}
		return all
	})
	sums := make([]observe.LinkSummary, len(list))
	for i, s := range list {
		sums[i] = s.read()
	}
	return sums
}

// addUp adds up what the loops reported, for a stream of the given time: a list by index. If the links of one index were on
// several loops, the last list has the latest word on where they come in.
func addUp(all []observe.LinkSummary, elapsed time.Duration) []observe.LinkSummary {
	sums := linkSums{}
	for _, s := range all {
		sums.add(s)
	}
	var list []observe.LinkSummary
	for _, i := range slices.Sorted(maps.Keys(sums)) {
		s := sums[i]
		s.Rate = observe.PerSecond(s.Bytes, elapsed)
		list = append(list, s)
	}
	return list
}

// Summary is what the stream has done until now, or until its end. Any goroutine may call it while Run runs.
func (s *Sender) Summary() observe.Summary {
	sum := s.summary(time.Now())
	var all []observe.LinkSummary
	for _, l := range s.loops {
		all = append(all, collectSums(l.Loop, l.past, func() (up []*Link) {
			for _, k := range l.links {
				up = append(up, &k.Link)
			}
			return up
		})...)
	}
	sum.Links = addUp(all, sum.Elapsed)
	return sum
}

// Summary is what the stream has done until now, or until its end. Any goroutine may call it while Run runs.
func (r *Receiver) Summary() observe.Summary {
	sum := r.summary(time.Now())
	var all []observe.LinkSummary
	for _, l := range r.loops {
		all = append(all, collectSums(l.Loop, l.past, func() (up []*Link) {
			for _, k := range l.links {
				up = append(up, &k.Link)
			}
			return up
		})...)
	}
	sum.Links = addUp(all, sum.Elapsed)
	return sum
}

// Progress is how many bytes were read from the source, and for how long there have been links; it costs next to nothing.
// Any goroutine may call it.
func (s *Sender) Progress() (bytes uint64, elapsed time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.in.Size(), span(s.first, s.ended, time.Now())
}

// Progress is how many bytes were written to the sink, and for how long there have been links; it costs next to nothing.
// Any goroutine may call it.
func (r *Receiver) Progress() (bytes uint64, elapsed time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.Written(), span(r.first, r.ended, time.Now())
}

// Addr is the address that senders have to connect to; the kernel chooses its port if ReceiveConfig.Port is 0.
func (r *Receiver) Addr() net.Addr { return r.doors.Addr() }
