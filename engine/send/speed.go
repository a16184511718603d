package send

import (
	"math"
	"time"

	"viamillipede/engine/schedule"
)

// depart notes that a leg has been sent on its way, and should arrive after eta.
func (k *txlink) depart(number uint64, length int, eta time.Duration) {
	now := k.Loop.Now
	k.Loop.Stir()
	if len(k.carried) == 0 {
		k.Speed.Depart(now)
	}
	k.carried = append(k.carried, number)
	k.trips = append(k.trips, schedule.Trip{
		From: now, Expects: now.Add(eta), Due: now.Add(schedule.Late(eta, k.Misses, k.rtt(), k.absorbed())), Bytes: length,
	})
	k.unsent += length
	if float64(length) > k.Rate*schedule.MeasurePause.Seconds() {
		k.excuse(k.allowed + length) // it cannot have left already
	}
	if k.fed = now; k.first == 0 {
		k.first, k.firstFed = length, now
	}
	k.s.window.OnItsWay(number, k.Index, k.path.Order)
}

// prune forgets the legs that have been received, and learns the link's speed from them.
func (k *txlink) prune() {
	if len(k.carried) == 0 {
		return
	}
	left := k.s.window.Prune(k.carried)
	n := len(k.carried) - len(left)
	if n == 0 {
		return
	}
	for _, t := range k.trips[:n] {
		k.largest = max(k.largest, t.Bytes)
		if !t.Offered { // else another link may have brought it
			k.arrives()
		}
	}
	k.Speed.Arrive(k.trips[:n], k.Loop.Now, k.queue.MinRTT, len(left) == 0)
	k.carried, k.trips = append(k.carried[:0], left...), append(k.trips[:0], k.trips[n:]...) // in place: new memory costs more
	if k.headway.doubt.Good(k.Loop.Now); k.path.Doubted() && k.carriedSome(k.queue) {
		k.path.Trust()
	}
	k.Conn.LimitUnsent(max(schedule.SizeOfLeg(k.Rate, schedule.LegTime, k.growth()), min(k.queue.InNetwork/4, k.s.most)))
	k.publish()
}

// most is the largest leg that the link should take, in bytes.
func (k *txlink) most() int {
	if k.Rate > 0 {
		return schedule.SizeOfLeg(k.Rate, time.Duration(k.s.legTime.Load()), k.growth())
	}
	return k.growth()
}

// growth is the largest leg that the link has earned, in bytes. Legs double from one to the next, because the first ones say
// little: what is left of a router's burst allowance, or fits into its queue, arrives at any rate.
func (k *txlink) growth() int {
	first := schedule.FirstLegAfter
	if k.path.Order == 0 {
		first = schedule.FirstLeg
	}
	return min(max(first, 2*k.largest), k.s.most)
}

// publish tells the other links how many legs per second this one can send, and the order of paths whether it can carry any.
func (k *txlink) publish() {
	legs := int64(0)
	can := !k.headway.stalled && !k.leaving && !k.Gone
	k.counts(can)
	if can && k.Rate > 0 {
		legs = int64(1000 * k.Rate / float64(k.most()))
	}
	k.s.legs.Add(legs - k.legsPublished)
	k.legsPublished = legs
}

// prospect is what the scheduler has to know about the link.
func (k *txlink) prospect() schedule.Prospect {
	p := schedule.Prospect{
		Rate: k.Rate, Unsent: k.unsent, InNetwork: k.queue.InNetwork, RTT: k.rtt(), Trip: k.queue.MinRTT,
		Carried: len(k.carried), Idle: k.Loop.Now.Sub(k.fed), Queue: k.deep(), Doubt: k.headway.doubt.Much,
	}
	if len(k.trips) > 0 && !k.headway.excused {
		p.Overdue = max(0, k.Loop.Now.Sub(k.trips[0].Expects))
	}
	return p
}

// rtt is the round trip, queues included; 0: not known. The kernel smooths it over many packets, so on a link that has carried
// little lately, a leg may have shown that the queue is gone.
func (k *txlink) rtt() time.Duration {
	if k.Took > 0 && k.Took < k.queue.RTT {
		return max(k.Took, k.queue.MinRTT)
	}
	return k.queue.RTT
}

func (k *txlink) eta(bytes int) time.Duration { return k.prospect().ETA(bytes) }

// mayTake reports whether a leg of so many bytes would hold nobody up on this link.
func (k *txlink) mayTake(bytes int) bool {
	absorbed := k.absorbed()
	if absorbed == schedule.ForEver {
		return true // there is no other link
	}
	p := k.prospect()
	if bytes > k.most() {
		p.Idle = 0 // a leg sized for another link is no trial
	}
	// Usually it may whatever the best of all links does, which takes a look at each of them.
	return p.MayTake(bytes, absorbed, 0, false) || p.MayTake(bytes, absorbed, k.owner.findBest(), false)
}

// absorbed is how late a leg may be on this link before the other links have to wait.
func (k *txlink) absorbed() time.Duration {
	others := float64(k.s.legs.Load()-k.legsPublished) / 1000
	return schedule.Absorbs(k.s.credit, min(others, k.s.legsLately()))
}

// measure learns how the link fares, and tells the window how much the link justifies keeping. That is twice what it has in the
// network, so that a network which could take more shows it, and what it has not sent yet. The latter does not count if the
// peer's program is behind: more would only make every buffer cold.
func (k *txlink) measure() {
	if k.Loop.Now.Sub(k.asked) < schedule.MeasurePause {
		return
	}
	k.asked = k.Loop.Now
	if len(k.carried) == 0 && k.leg == nil && !k.headway.stalled {
		k.unsent, k.queue.InNetwork, k.queue.Unsent = 0, 0, 0
		k.headway.idle = true
		k.flows(0, 0)
		k.excuse(0)
		return
	}
	q := k.Conn.Queued()
	k.headway.restart(q, k.Loop.Now)
	if !q.Told {
		k.seemsToMove() // the network is not to blame for what cannot be told
	}
	k.queue, k.unsent = q, q.Unsent+k.unwritten()
	if q.Told {
		k.path.Trip.Store(int64(q.MinRTT))
		k.path.RTT.Store(int64(q.RTT))
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
func (k *txlink) flows(inNetwork, acked int) {
	k.path.Flow.Look(inNetwork-k.flowing, acked, k.Loop.Now)
	k.flowing = inNetwork
}

// deep is how long a packet waits in the queue that the links of the path share, if that is long enough to count: 0, or
// Timing.Stall or more.
func (k *txlink) deep() time.Duration {
	if d := k.path.Flow.Sojourn(); d >= k.s.time.Stall {
		return d
	}
	return 0
}

// deepest is the longest that a packet has waited there lately, on the same terms.
func (k *txlink) deepest() time.Duration {
	if d := max(k.path.Flow.Longest(), k.path.Flow.Sojourn()); d >= k.s.time.Stall {
		return d
	}
	return 0
}

// excuse makes the window keep so many bytes for the link, beyond what is kept anyway.
func (k *txlink) excuse(bytes int) {
	k.s.flow(k.s.window.Pace(k.s.allowed.Add(int64(bytes - k.allowed))))
	k.allowed = bytes
}

// unwritten is what the socket has not taken of the current leg, in bytes.
func (k *txlink) unwritten() int {
	if k.leg == nil {
		return 0
	}
	return k.leg.Length - max(0, k.sent-len(k.header))
}

// setLegTime decides how long sending a leg should keep its link busy.
func (s *Sender) setLegTime() {
	longest := int64(0)
	for _, p := range s.paths() {
		longest = max(longest, p.Trip.Load())
	}
	s.legTime.Store(int64(schedule.TimeOfLeg(s.reach.Links(), s.credit, time.Duration(longest))))
}

// flow notes the stream's recent legs per second.
func (s *Sender) flow(legs float64) { s.lately.Store(math.Float64bits(legs)) }

func (s *Sender) legsLately() float64 { return math.Float64frombits(s.lately.Load()) }
