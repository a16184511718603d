package engine

import (
	"slices"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
)

// linkLoop is a loop with the links that it has, and what is kept of those that have ended. It belongs to the loop's thread; what may
// be called by others says so.
type linkLoop[K linked] struct {
	*loop.Loop
	links []K
	past  *linkSums // of links that have ended; nil: nobody asked for them
}

// linked is a kind of link.
type linked interface {
	comparable
	base() *Link
	status() linkStatus
}

func (k *Link) base() *Link { return k }

func (l *linkLoop[K]) remove(k K) {
	l.links = slices.DeleteFunc(l.links, func(o K) bool { return o == k })
}

// count names the links to the collector.
func (l *linkLoop[K]) count(g *stream.Gauge) {
	for _, k := range l.links {
		k.base().count(g)
	}
}

// describe says how the links stand, for any goroutine but the loop's own; none, when the loop is too busy to answer.
func (l *linkLoop[K]) describe() []observe.LinkStatus {
	told := loop.Ask(l.Loop, schedule.StatusPatience, func() (all []linkStatus) {
		for _, k := range l.links {
			all = append(all, k.status())
		}
		return all
	})
	var links []observe.LinkStatus
	for _, s := range told {
		links = append(links, s.read()) // not on the loop's thread
	}
	return links
}

// collect returns the summaries of the links, those that have ended first, for any goroutine but the loop's own; none, when the loop is
// too busy to answer.
func (l *linkLoop[K]) collect() []observe.LinkSummary {
	if l.past == nil {
		return nil
	}
	told := loop.Ask(l.Loop, schedule.StatusPatience, func() (all []linkSum) {
		for _, sum := range *l.past {
			all = append(all, linkSum{LinkSummary: sum})
		}
		for _, k := range l.links {
			all = append(all, k.base().sum())
		}
		return all
	})
	sums := make([]observe.LinkSummary, len(told))
	for i, s := range told {
		sums[i] = s.read() // not on the loop's thread
	}
	return sums
}
