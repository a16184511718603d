package schedule

import "time"

// The scheduler's decisions, as functions of what is known and of nothing else: which link takes a leg, how large the leg
// is, and when it is late. Links pull: one with little unsent data takes the next leg, the best-ranked first; so which link
// gets a leg stays open until late. Two things keep a slow path from costing more than it brings:
//   - The gate. A leg is given to a link only if it arrives before the legs that the others send meanwhile have used up the
//     window: then its lateness is absorbed, and nobody waits for it.
//   - The rescue. What is late nevertheless is sent again on another link: whichever copy arrives first counts.
//
// Sources: the gate is what BLEST (Ferlin et al., IFIP Networking 2016) decides for MPTCP subflows by their windows; the
// rescue is opportunistic retransmission (Raiciu et al., NSDI 2012), done by the leg.

// Prospect is what a link can be expected to do.
type Prospect struct {
	Rate      float64       // bytes per second; 0: not known
	Unsent    int           // bytes that the link has taken and not sent
	InNetwork int           // bytes sent and not acknowledged
	RTT, Trip time.Duration // round trip, smoothed and minimum: the difference is the queue; 0: not known
	Carried   int           // legs that it has taken and the peer has not received
	Overdue   time.Duration // for how much longer than expected nothing that it carries has been acknowledged
	Idle      time.Duration // since it last took a leg
	Queue     time.Duration // of the path, which all its links share, if it is deep; else 0
	Doubt     float64       // how far it falls short of its promise: 0, or more if its legs had to be rescued
}

// ETA is how long a leg of so many bytes would take from now until the peer has it.
//
//	half the least round trip + the queue in the network + (unsent before it + itself) / rate,
//
// and at least Overdue. The queue is what shows in the round trip, or, where that lags behind, how far the bytes in the network
// exceed what it holds without a queue: the link's own bytes, or those of all links of a path that share one.
func (p Prospect) ETA(bytes int) time.Duration {
	queue := max(p.RTT-p.Trip, p.Queue-p.Trip)
	if p.Rate == 0 {
		return max(firstTrips*p.Trip+queue, p.Overdue)
	}
	return max(p.Trip/2+max(queue, p.takes(p.InNetwork)-p.Trip)+p.takes(p.Unsent+bytes), p.Overdue)
}

// takes is how long so many bytes take at the link's rate.
func (p Prospect) takes(bytes int) time.Duration {
	return time.Duration(min(float64(bytes)/p.Rate, ForEver.Seconds()) * float64(time.Second))
}

// MayTake is the gate: whether the link may take a leg of so many bytes. The window absorbs a leg that comes late by absorbed,
// and the best of all links brings a leg within best. A link that is nearly as good is never kept idle, however small the
// window. alone says that there is no other link, so that nobody can be held up.
func (p Prospect) MayTake(bytes int, absorbed, best time.Duration, alone bool) bool {
	switch {
	case alone:
		return true
	case p.Rate == 0 && (p.Carried > 0 || bytes > FirstLeg):
		return false // it has yet to show that it carries anything
	case p.Carried == 0 && p.Idle >= probePause:
		return true
	}
	return p.Doubted(bytes) <= max(absorbed, nearlyBest*best)
}

// Doubted is ETA for a link that has fallen short of its promise.
func (p Prospect) Doubted(bytes int) time.Duration {
	eta := p.ETA(bytes)
	return eta + time.Duration(p.Doubt*float64(eta-p.Trip/2))
}

// Absorbs is how late a leg may arrive without holding the others up, if the peer accepts credit legs beyond the missing one
// and so many legs are sent per second.
func Absorbs(credit uint64, legsPerSecond float64) time.Duration {
	if legsPerSecond <= 0 {
		return ForEver
	}
	return time.Duration(min(absorbShare*float64(credit)/legsPerSecond, ForEver.Seconds()) * float64(time.Second))
}

// Late is how long after it was taken a leg counts as late. It was expected to arrive after eta, on a link whose legs miss that
// by misses on average; the rule is that of a retransmission timeout (RFC 6298). absorbed makes it late well before the window
// is used up.
func Late(eta, misses, rtt, absorbed time.Duration) time.Duration {
	return max(LateLeast, min(max(2*rtt, eta+eta/2, eta+4*misses), absorbed))
}

// StalledAfter is how long a link with bytes in the network may show no progress at all before its legs go elsewhere: a few
// round trips, or as long as the queue before its bytes takes, which all links of the path share and its round trip does not
// show yet. most bounds that, so that a dead lane among others is found.
func StalledAfter(rtt, queue, least, most time.Duration) time.Duration {
	return max(least, min(max(4*rtt, queueTimes*queue), most))
}

// TimeOfLeg is how long sending a leg should keep its link busy.
func TimeOfLeg(links int, credit uint64, longest time.Duration) time.Duration {
	lasts := max(windowTime, windowTrips*longest)
	return max(LegTime, lasts*time.Duration(links)/time.Duration(max(credit, 1)))
}

// SizeOfLeg is the largest leg that a link of that rate, in bytes a second, should take: whole pages, at most limit bytes.
func SizeOfLeg(rate float64, takes time.Duration, limit int) int {
	bytes := max(rate*takes.Seconds(), min(smallLeg, rate*smallTime.Seconds()))
	return min(limit, max(MinLeg, int(min(bytes, MaxLeg))/MinLeg*MinLeg))
}
