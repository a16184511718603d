package course

import (
	"time"

	"viamillipede/engine/schedule"
)

// Depart notes that a leg has been sent on its way, and should arrive after eta.
func (k *Link) Depart(number uint64, length int, eta time.Duration) {
	now := k.Loop.Now
	k.Quiet.Stirred = true
	k.Loop.Stir()
	if len(k.Carried) == 0 {
		k.Speed.Depart(now)
	}
	k.Carried = append(k.Carried, number)
	k.trips = append(k.trips, schedule.Trip{
		From: now, Expects: now.Add(eta), Due: now.Add(schedule.Late(eta, k.Misses, k.RTT(), k.Absorbed())), Bytes: length,
	})
	k.unsent += length
	if float64(length) > k.Rate*schedule.MeasurePause.Seconds() {
		k.excuse(k.allowed + length) // it cannot have left already
	}
	if k.fed = now; k.first == 0 {
		k.first, k.firstFed = length, now
	}
	k.Fleet.Window.OnItsWay(number, k.Index, k.Path.Order)
}

// Prune forgets the legs that have been received, and learns the link's speed from them.
func (k *Link) Prune() {
	if len(k.Carried) == 0 {
		return
	}
	left := k.Fleet.Window.Prune(k.Carried)
	n := len(k.Carried) - len(left)
	if n == 0 {
		return
	}
	for _, t := range k.trips[:n] {
		k.largest = max(k.largest, t.Bytes)
		if !t.Offered { // else another link may have brought it
			k.arrives()
		}
	}
	if k.Fleet.Alike && int64(k.largest) > k.Fleet.largest.Load() {
		k.Fleet.largest.Store(int64(k.largest))
	}
	k.Speed.Arrive(k.trips[:n], k.Loop.Now, k.Queue.MinRTT, len(left) == 0)
	k.Carried, k.trips = append(k.Carried[:0], left...), append(k.trips[:0], k.trips[n:]...) // in place: new memory costs more
	if k.headway.doubt.Good(k.Loop.Now); k.Path.Doubted() && k.CarriedSome(k.Queue) {
		k.Path.Trust()
	}
	k.Conn.LimitUnsent(max(schedule.SizeOfLeg(k.Rate, schedule.LegTime, k.growth()), min(k.Queue.InNetwork/4, k.Fleet.Most)))
	k.Publish()
}

// Most is the largest leg that the link should take, in bytes.
func (k *Link) Most() int {
	if k.Rate > 0 {
		return schedule.SizeOfLeg(k.Rate, time.Duration(k.Fleet.legTime.Load()), k.growth())
	}
	return k.growth()
}

// MostCoded is Most, which the caller knows, for a leg that is coded. The larger it is, the shorter it becomes; and where there is one
// path, whose links are much the same, none holds the others up.
func (k *Link) MostCoded(most int) int {
	if !k.Fleet.Alike {
		return most
	}
	grown := min(max(k.growth(), 2*int(k.Fleet.largest.Load())), k.Fleet.Most)
	if k.Rate == 0 {
		return grown
	}
	return schedule.SizeOfLeg(k.Rate, schedule.CodedTime, grown)
}

// growth is the largest leg that the link has earned, in bytes. Legs double from one to the next, because the first ones say
// little: what is left of a router's burst allowance, or fits into its queue, arrives at any rate.
func (k *Link) growth() int {
	first := schedule.FirstLegAfter
	if k.Path.Order == 0 {
		first = schedule.FirstLeg
	}
	return min(max(first, 2*k.largest), k.Fleet.Most)
}

// Publish tells the other links how many legs per second this one can send, and the order of paths whether it can carry any.
func (k *Link) Publish() {
	legs := int64(0)
	can := !k.headway.stalled && !k.Leaving && !k.Gone
	k.counts(can)
	if can && k.Rate > 0 {
		legs = int64(1000 * k.Rate / float64(k.Most()))
	}
	k.Fleet.legs.Add(legs - k.legsPublished)
	k.legsPublished = legs
}

// Prospect is what the scheduler has to know about the link.
func (k *Link) Prospect() schedule.Prospect {
	p := schedule.Prospect{
		Rate: k.Rate, Unsent: k.unsent, InNetwork: k.Queue.InNetwork, RTT: k.RTT(), Trip: k.Queue.MinRTT,
		Carried: len(k.Carried), Idle: k.Loop.Now.Sub(k.fed), Queue: k.deep(), Doubt: k.headway.doubt.Much,
	}
	if len(k.trips) > 0 && !k.headway.excused {
		p.Overdue = max(0, k.Loop.Now.Sub(k.trips[0].Expects))
	}
	return p
}

// RTT is the round trip, queues included; 0: not known. The kernel smooths it over many packets, so on a link that has carried
// little lately, a leg may have shown that the queue is gone.
func (k *Link) RTT() time.Duration {
	if k.Took > 0 && k.Took < k.Queue.RTT {
		return max(k.Took, k.Queue.MinRTT)
	}
	return k.Queue.RTT
}

// ETA is how long a leg of so many bytes would take on the link.
func (k *Link) ETA(bytes int) time.Duration { return k.Prospect().ETA(bytes) }

// Absorbed is how late a leg may be on this link before the other links have to wait.
func (k *Link) Absorbed() time.Duration {
	others := float64(k.Fleet.legs.Load()-k.legsPublished) / 1000
	return schedule.Absorbs(k.Fleet.Credit, min(others, k.Fleet.legsLately()))
}

// Measure learns how the link fares, and tells the window how much the link justifies keeping. That is twice what it has in the
// network, so that a network which could take more shows it, and what it has not sent yet. The latter does not count if the
// peer's program is behind: more would only make every buffer cold.
func (k *Link) Measure() {
	if k.Loop.Now.Sub(k.Asked) < schedule.MeasurePause {
		return
	}
	k.Asked = k.Loop.Now
	if len(k.Carried) == 0 && k.Leg == nil && !k.headway.stalled {
		k.unsent, k.Queue.InNetwork, k.Queue.Unsent = 0, 0, 0
		k.headway.idle = true
		k.flows(0, 0)
		k.excuse(0)
		return
	}
	q := k.Conn.Queued()
	k.headway.restart(q, k.Loop.Now)
	if !q.Told {
		k.SeemsToMove() // the network is not to blame for what cannot be told
	}
	k.Queue, k.unsent = q, q.Unsent+k.unwritten()
	if q.Told {
		k.Path.Trip.Store(int64(q.MinRTT))
		k.Path.RTT.Store(int64(q.RTT))
		k.Speed.Look(q.Acked, q.Unsent == 0 || q.PeerFull, q.MinRTT, max(q.RTT, k.deep()), k.Loop.Now)
	}
	k.flows(q.InNetwork, int(q.Acked-k.headway.acked))
	k.headway.look(k, q)
	allowed := 2 * q.InNetwork
	if !q.PeerFull {
		allowed += k.unsent
	}
	k.excuse(allowed)
}

// flows tells the path what the link has in the network now, and what was acknowledged since it last did, in bytes.
func (k *Link) flows(inNetwork, acked int) {
	k.Path.Flow.Look(inNetwork-k.flowing, acked, k.Loop.Now)
	k.flowing = inNetwork
}

// deep is how long a packet waits in the queue that the links of the path share, if that is long enough to count: 0, or
// Timing.Stall or more.
func (k *Link) deep() time.Duration {
	if d := k.Path.Flow.Sojourn(); d >= k.Fleet.Time.Stall {
		return d
	}
	return 0
}

// deepest is the longest that a packet has waited there lately, on the same terms.
func (k *Link) deepest() time.Duration {
	if d := max(k.Path.Flow.Longest(), k.Path.Flow.Sojourn()); d >= k.Fleet.Time.Stall {
		return d
	}
	return 0
}

// excuse makes the window keep so many bytes for the link, beyond what is kept anyway.
func (k *Link) excuse(bytes int) {
	k.Fleet.flow(k.Fleet.Window.Pace(k.Fleet.allowed.Add(int64(bytes - k.allowed))))
	k.allowed = bytes
}

// counts tells whether the link can carry something.
func (k *Link) counts(can bool) {
	if can == k.counted {
		return
	}
	k.counted = can
	more := 1
	if !can {
		more = -1
	}
	k.Order.Links(k.Path.Order, more, k.Loop.Now)
}
