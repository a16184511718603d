package receive

import (
	"time"

	"viamillipede/engine/observe"
)

// A link is best served by the loop on the CPU where its packets come in: the kernel's protocol work is done there, and the
// payload is in that CPU's cache, or at least in its node's memory. The listener that takes the connection belongs to that loop
// (engine/doors), so usually nothing is left to do. But when interrupts are spread anew, a flow's packets move with them: a link
// that has been served elsewhere for Timing.Move goes to the nearer loop.
//
//	served here -> strays for Timing.Move -> bound -> end of a leg -> on its way -> served there
//
// A loop takes one link more than its share, so that two loops can exchange links. A link moves between two legs, so that nothing
// of the ring, the sink or the delivery turn has to be handed over. Only the connection goes along, with a part of a header,
// control frames that wait, and the acks that are owed.

// stray is what a link knows about packets that come in elsewhere.
type stray struct {
	to    *rxloop   // the loop nearer to where they come in; nil: none
	since time.Time // since when it is
}

// follow looks where the link's packets come in, and has it bound for another loop if that lasts.
func (k *rxlink) follow() {
	if k.bound != nil {
		return
	}
	to := k.nearer(k.Conn.IncomingCPU())
	if to != k.stray.to {
		k.stray.to, k.stray.since = to, k.Loop.Now
	}
	if to != nil && k.Loop.Now.Sub(k.stray.since) >= k.r.time.Move {
		k.bound, k.stray = to, stray{}
	}
}

// nearer is the loop that serves what comes in on a CPU better than the link's own; nil: none.
func (k *rxlink) nearer(cpu int) *rxloop {
	loops := k.r.loops
	if cpu < 0 || len(loops) == 1 {
		return nil
	}
	if i := k.r.life.Placed.Load().Better(cpu, k.owner.ID); i >= 0 {
		return loops[i]
	}
	return nil
}

// move hands the link over, if it still may go. From then on this loop must not touch it.
func (k *rxlink) move() bool {
	r, from, to := k.r, k.owner, k.bound
	k.bound = nil
	r.life.Mu.Lock()
	defer r.life.Mu.Unlock()
	if r.life.Finished || to.load >= r.share()+1 {
		return false // the last words go only to the links that are there
	}
	from.load--
	to.load++
	from.Unwatch(k.Conn.FD(), k.Token)
	from.Remove(k)
	owed := from.owed
	from.owed = 0
	r.moved++
	observe.Tell(r.observer, observe.LinkMoved{Link: k.Index, From: from.ID, To: to.ID})
	k.owner = to
	if !to.Post(func() { k.arrive(owed) }) {
		k.Gone = true
		k.Conn.Abort()
	}
	return true
}

// arrive puts the link under the watch of its new loop, with the bytes of legs that an ack is owed for.
func (k *rxlink) arrive(owed int) {
	at := k.owner
	k.Loop, k.Past = at.Loop, at.Past
	token, err := at.Watch(k.Conn.FD(), k.events(), k)
	if err != nil {
		k.Gone = true
		k.Uncount()
		k.Conn.Abort()
		k.r.linkLost(k, err)
		return
	}
	k.Token = token
	at.Links = append(at.Links, k)
	k.Count(&k.r.life.Gauge) // the others were named while it was on its way
	if owed > 0 {
		at.owe(owed)
	}
	if d := k.r.life.Done.Load(); d != nil {
		k.say(d.Append(nil)) // it may have been on its way when the others were told
	}
	k.Ready(0) // the connection may have kept something
}
