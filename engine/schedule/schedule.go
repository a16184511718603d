package schedule

import "time"

// The scheduler's decisions, as functions of what is known and of nothing else: which link takes a leg, how large the leg
// is, and when it is late. Links pull: one with little unsent data takes the next leg, the best-ranked first; so a leg can be
// given to any link until late. Two things keep an unequal path from costing more than itself:
//
//   - The gate. A leg is given to a link only if it arrives before the legs that the others send meanwhile have used up the
//     window: then its lateness is absorbed, and nobody waits for it.
//   - The rescue. What nevertheless does not arrive in its time is sent again on another link: whichever copy is first counts.
//
// Sources: the gate is what BLEST (Ferlin et al., IFIP Networking 2016) decides for MPTCP subflows by their windows; the
// rescue is opportunistic retransmission (Raiciu et al., NSDI 2012), done by the leg.

// Prospect is what a link can be expected to do.
type Prospect struct {
	Rate      float64       // bytes a second; 0 is not known
	Unsent    int           // bytes that the link has taken and not sent
	InNetwork int           // bytes that are sent and not acknowledged
	RTT, Trip time.Duration // round trip, smoothed and at its least: between the two is the queue; 0 is not known
	Carried   int           // legs that it has taken and the peer has not received
	Overdue   time.Duration // how much longer than expected nothing was acknowledged of what it carries
	Idle      time.Duration // since it last took a leg
	Queue     time.Duration // that all links of its path share, where that is deep, and else 0
	Doubt     float64       // that it does what it promises: 0, or more where its legs had to be rescued
}

// ETA is how long a leg of so many bytes would take from now until the peer has it.
//
//	half the least round trip + the queue in the network + (unsent before it + itself) / rate,
//
// and at least as long again as nothing has come through. The queue is what shows in the round trip, or, where that lags
// behind, more bytes in the network than it holds without a queue: the link's own, or those of all links of a path that share one.
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

// MayTake is the gate: whether the link may take a leg of so many bytes where the window absorbs a leg that comes so late,
// and the best of all links brings a leg within best: a link that is nearly as good is never kept idle, however small the
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
	eta := p.ETA(bytes)
	return eta+time.Duration(p.Doubt*float64(eta-p.Trip/2)) <= max(absorbed, nearlyBest*best)
}

// Absorbs is how late a leg may arrive without holding the others up, where the peer takes credit legs beyond the one that
// it misses and so many legs are sent in a second.
func Absorbs(credit uint64, legsPerSecond float64) time.Duration {
	if legsPerSecond <= 0 {
		return ForEver
	}
	return time.Duration(min(absorbShare*float64(credit)/legsPerSecond, ForEver.Seconds()) * float64(time.Second))
}

// Late is how long after it was taken a leg is late, which was expected to arrive after eta, on a link whose legs miss that
// by so much on average: as a retransmission timeout is found (RFC 6298). It is late well before the window is used up.
func Late(eta, misses, rtt, absorbed time.Duration) time.Duration {
	return max(lateLeast, min(max(2*rtt, eta+eta/2, eta+4*misses), absorbed))
}

// StalledAfter is how long a link that has bytes in the network may show no progress at all, before its legs go elsewhere: as
// long as a few round trips, or as what is before its bytes in a queue that all links of the path share, which its round trip does
// not show yet. most bounds that, so that one lane that is dead among others is found.
func StalledAfter(rtt, queue, least, most time.Duration) time.Duration {
	return max(least, min(max(4*rtt, queueTimes*queue), most))
}

// TimeOfLeg is how much time a leg should take its link.
func TimeOfLeg(links int, credit uint64, longest time.Duration) time.Duration {
	lasts := max(windowTime, windowTrips*longest)
	return max(LegTime, lasts*time.Duration(links)/time.Duration(max(credit, 1)))
}

// SizeOfLeg is the largest leg that a link of that rate, in bytes a second, should take: whole pages, at most limit bytes.
func SizeOfLeg(rate float64, takes time.Duration, limit int) int {
	bytes := max(rate*takes.Seconds(), min(smallLeg, rate*smallTime.Seconds()))
	return min(limit, max(MinLeg, int(min(bytes, MaxLeg))/MinLeg*MinLeg))
}
