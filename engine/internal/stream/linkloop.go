package stream

import (
	"slices"

	"viamillipede/engine/internal/gauge"
	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
)

// LinkLoop is a loop with the links that it has, and what is kept of those that have ended. It belongs to the loop's thread; what may
// be called by others says so.
type LinkLoop[K Linked] struct {
	*loop.Loop
	Links []K
	Past  *linkSums // of links that have ended; nil: nobody asked for them
}

// NewLinkLoop gives a loop links, and keeps the summaries of those that end if sums are wanted.
func NewLinkLoop[K Linked](l *loop.Loop, sums bool) LinkLoop[K] {
	k := LinkLoop[K]{Loop: l}
	if sums {
		k.Past = &linkSums{}
	}
	return k
}

// Linked is a kind of link.
type Linked interface {
	comparable
	Base() *Link
	Status() LinkStatus
}

// Base is what the link has at either end; see Linked.
func (k *Link) Base() *Link { return k }

// Remove takes a link out.
func (l *LinkLoop[K]) Remove(k K) {
	l.Links = slices.DeleteFunc(l.Links, func(o K) bool { return o == k })
}

// Look sees which links rest, and decides when the next tick comes; it is called in each. busy is whether something is on its way on a link,
// and calm whether nothing goes on at all.
func (l *LinkLoop[K]) Look(t schedule.Timing, busy func(K) bool, calm bool) {
	rest := len(l.Links) > 0
	for _, k := range l.Links {
		q := &k.Base().Quiet
		q.Look(l.Now, busy(k), t)
		rest = rest && q.Rests()
	}
	l.Pace(t, calm, rest)
}

// Count names the links to the collector.
func (l *LinkLoop[K]) Count(g *gauge.Gauge) {
	for _, k := range l.Links {
		k.Base().Count(g)
	}
}

// Describe says how the links stand, for any goroutine but the loop's own; none, when the loop is too busy to answer.
func (l *LinkLoop[K]) Describe() []observe.LinkStatus {
	return readAll(loop.Ask(l.Loop, schedule.StatusPatience, func() (all []LinkStatus) {
		for _, k := range l.Links {
			all = append(all, k.Status())
		}
		return all
	}))
}

// Collect returns the summaries of the links, those that have ended first, for any goroutine but the loop's own; none, when the loop is
// too busy to answer.
func (l *LinkLoop[K]) Collect() []observe.LinkSummary {
	if l.Past == nil {
		return nil
	}
	told := loop.Ask(l.Loop, schedule.StatusPatience, func() (all []linkSum) {
		for _, sum := range *l.Past {
			all = append(all, linkSum{LinkSummary: sum})
		}
		for _, k := range l.Links {
			all = append(all, k.Base().sum())
		}
		return all
	})
	sums := make([]observe.LinkSummary, len(told))
	for i, s := range told {
		sums[i] = s.read() // not on the loop's thread
	}
	return sums
}
