package engine

import (
	"maps"
	"net"
	"slices"
	"time"

	"viamillipede/engine/loop"
	"viamillipede/engine/schedule"
	"viamillipede/netio/sockstats"
)

// LinkSummary is what the links of one index did for a stream, one after the other: where a link is lost, the next one takes
// its place and its index.
type LinkSummary struct {
	Index       int
	Path        string           // of the latest, for people
	Made        int              // how many there were
	Bytes       uint64           // of legs that went out or came in on them, those that came twice included
	Rate        uint64           // bytes a second, over the stream's time
	Retransmits uint64           // segments that this end's kernel sent again
	CPU         int              // that the latest one's packets came in on last; -1 is not known
	NAPI        int              // the receive queue of these packets, an id of the kernel's; 0 is none
	Flows       []sockstats.Flow // what came in on them, where socket statistics are at work
	counted     *sockstats.Link  // what came in on the latest is yet to be read there
}

// linkSums are the summaries of links that ended, by their index. They belong to their loop's thread.
type linkSums map[int]LinkSummary

// sumsFor is where a loop keeps the summaries of its links; nil where they are not wanted.
func sumsFor(wanted bool) *linkSums {
	if !wanted {
		return nil
	}
	return &linkSums{}
}

// add takes the links of another summary in, which came after those that are there.
func (s linkSums) add(next LinkSummary) {
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
func (k *linkState) sum() LinkSummary {
	info := k.conn.Info()
	sum := LinkSummary{
		Index: k.index, Path: k.path, Made: 1, Bytes: k.bytes, Retransmits: uint64(info.Retransmits), CPU: info.CPU, NAPI: info.NAPI,
	}
	sum.counted = k.counted
	return sum
}

// read takes in what was counted on the latest link, as long as that is there; it walks through a map.
func (s *LinkSummary) read() {
	if s.counted != nil {
		s.Flows = append(s.Flows, s.counted.Read().Flows...)
		s.counted = nil
	}
}

// sumUp keeps the summary of a link that ends.
func (k *linkState) sumUp() {
	if k.past != nil {
		sum := k.sum()
		sum.read()
		k.past.add(sum)
	}
}

// collectSums gives the summaries of a loop's links, those that ended first; nil when the loop is too busy to answer. links
// gives those that are up, on the loop's thread.
func collectSums(l *loop.Loop, past *linkSums, links func() []*linkState) []LinkSummary {
	if past == nil {
		return nil
	}
	list := loop.Ask(l, schedule.StatusPatience, func() []LinkSummary {
		all := slices.Collect(maps.Values(*past))
		for _, k := range links() {
			all = append(all, k.sum())
		}
		return all
	})
	for i := range list {
		list[i].read() // not on the loop's thread
	}
	return list
}

// addUp adds up what the loops had to say, for a stream of the given time: a list by index. Where the links of one index
// were on several loops, the last list has the latest word on where they come in.
func addUp(all []LinkSummary, elapsed time.Duration) []LinkSummary {
	sums := linkSums{}
	for _, s := range all {
		sums.add(s)
	}
	var list []LinkSummary
	for _, i := range slices.Sorted(maps.Keys(sums)) {
		s := sums[i]
		s.Rate = perSecond(s.Bytes, elapsed)
		list = append(list, s)
	}
	return list
}

// Summary is what the stream has done until now, or until its end. Any goroutine may call it while Run runs.
func (s *Sender) Summary() Summary {
	sum := s.summary(time.Now())
	var all []LinkSummary
	for _, l := range s.loops {
		all = append(all, collectSums(l.Loop, l.past, func() (up []*linkState) {
			for _, k := range l.links {
				up = append(up, &k.linkState)
			}
			return up
		})...)
	}
	sum.Links = addUp(all, sum.Elapsed)
	return sum
}

// Summary is what the stream has done until now, or until its end. Any goroutine may call it while Run runs.
func (r *Receiver) Summary() Summary {
	sum := r.summary(time.Now())
	var all []LinkSummary
	for _, l := range r.loops {
		all = append(all, collectSums(l.Loop, l.past, func() (up []*linkState) {
			for _, k := range l.links {
				up = append(up, &k.linkState)
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
	return s.in.offset.Load(), span(s.first, s.ended, time.Now())
}

// Progress is how many bytes were written to the sink, and for how long there have been links; it costs next to nothing.
// Any goroutine may call it.
func (r *Receiver) Progress() (bytes uint64, elapsed time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.bytes.Load(), span(r.first, r.ended, time.Now())
}

// Addr is the address that senders are to connect to; its port is the kernel's choice where ReceiveConfig.Port is 0.
func (r *Receiver) Addr() net.Addr { return r.openDoor().Listeners()[0].Addr() }
