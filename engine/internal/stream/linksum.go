package stream

import (
	"maps"
	"slices"
	"time"

	"viamillipede/engine/observe"
	"viamillipede/netio/sockstats"
)

// linkSum is a link's summary, as its loop has it, and where to read what came in on the latest link.
type linkSum struct {
	observe.LinkSummary
	counted *sockstats.Link // nil: nothing is left to read
}

// linkSums are the summaries of links that have ended, by index. They belong to their loop's thread.
type linkSums map[int]observe.LinkSummary

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
	info := k.Conn.Info()
	return linkSum{observe.LinkSummary{
		Index: k.Index, Path: k.Name, Made: 1, Bytes: k.Bytes, Retransmits: uint64(info.Retransmits), CPU: info.CPU, NAPI: info.NAPI,
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
	if k.Past != nil {
		k.Past.add(k.sum().read())
	}
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
