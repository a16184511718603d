package course

import (
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/window"
	"viamillipede/netio"
)

// headway is what a link has to know to tell a late leg from one that waits for the peer's program, and a slow path from one on
// which nothing gets through.
//
//	carries legs, all in time                                  -> nothing
//	a leg is late, or the stream waits for it                  -> offered to the other links
//	nothing was acknowledged by the peer's kernel for
//	max(4 RTT, 2 times the path's queue, Timing.Stall)          -> stalled: its legs go to other links, it takes no more
//	stalled, and something is acknowledged                     -> proven alive
//	no progress for that and Timing.Dead - Timing.Stall        -> lost
//
// What the peer's kernel has, or cannot take because its program is behind, is not the path's fault.
type headway struct {
	looked  time.Time // see Link.Due
	excused bool      // the peer's program is behind
	begun   uint64    // bytes that the peer's kernel had acknowledged when the link came up
	acked   uint64    // likewise, at the last look
	moved   time.Time // when that last grew, or there was nothing to wait for
	stalled bool
	idle    bool // nothing was carried at the last look

	doubt schedule.Doubt // how far it falls short of its promise
}

// restart makes a link that carried nothing wait from now on. What has been acknowledged meanwhile, heartbeats and old legs, is no
// news about what it carries now: in an outage it would make each link in turn look like one on which something moves.
func (w *headway) restart(q netio.Queue, now time.Time) {
	if w.idle {
		w.idle, w.acked, w.moved = false, q.Acked, now
	}
}

// look takes note of what the kernel says about the link.
func (w *headway) look(k *Link, q netio.Queue) {
	w.excused = q.PeerFull || q.Clear() && k.Leg == nil
	if q.Acked == w.acked && !w.excused {
		return
	}
	w.acked, w.moved = q.Acked, k.Loop.Now
	k.Order.Heard(k.Path.Order, k.Loop.Now)
	carries := q.Acked > w.begun+k.Said
	if carries || w.excused { // else it is small frames that get through, and perhaps nothing larger
		k.SeemsToMove()
	}
	if carries {
		k.arrives()
	}
	if w.stalled {
		w.stalled = false
		k.Publish()
		observe.Tell(k.Fleet.Observer, observe.LinkResumed{Link: k.Index, Path: k.Name})
	}
}

// SeemsToMove notes that payload gets into the peer's kernel, or that the network is not what keeps it out. That is not yet
// the receiver's word: what is on a link that dies is sent again, however often. So it counts for good only on a link that
// lasts; on others it counts until such a link has ended with nothing to show for it.
func (k *Link) SeemsToMove() {
	if k.lasts() {
		k.Fleet.Move(k.Loop.Now)
		return
	}
	k.hopeful = true
	k.Fleet.hoped.Store(int64(k.Loop.Now.Sub(k.Fleet.Life.Started)))
}

// lasts reports whether the peer was still heard long after the link came up.
func (k *Link) lasts() bool {
	least := k.Fleet.Time.Dead
	if giveup := k.Fleet.Life.Giveup(); giveup > 0 {
		least = min(least, giveup/2)
	}
	return k.Proved && k.Heard.Sub(k.UpSince) >= least
}

// Dashed reports whether payload seemed to move on the link, which ends with err, but did not.
func (k *Link) Dashed(err error) bool {
	return k.hopeful && !k.lasts() && err != stream.ErrLeft && err != stream.ErrChaos && !k.Fleet.MovedAt().After(k.UpSince)
}

// Wake makes the loop look at the link again soon. A link that waits for the peer's program, or has stalled, can wait for the
// tick.
func (k *Link) Wake() {
	if len(k.trips) > 0 && !k.headway.excused {
		k.Loop.Within(schedule.WatchPause)
	}
}

// Due reports whether it is time to check a link that carries something, or has stalled.
func (k *Link) Due() bool {
	if k.Loop.Now.Sub(k.headway.looked) < schedule.WatchPause {
		return false
	}
	k.headway.looked = k.Loop.Now
	return true
}

// Check offers late legs to other links, and gives all of them away when nothing gets through. An error ends the link.
func (k *Link) Check() error {
	now, w := k.Loop.Now, &k.headway
	k.Prune() // the ack may have come on a link of another loop
	if len(k.trips) == 0 && !w.stalled {
		return nil
	}
	k.Asked = time.Time{}
	k.Measure()
	switch {
	case w.stalled && now.Sub(w.moved) >= k.Fleet.Time.Dead+k.stalledAfter()-k.Fleet.Time.Stall:
		return stream.ErrStuck
	case w.stalled || w.excused || len(k.trips) == 0:
		return nil
	}
	if k.Order != nil && k.Queue.Told {
		quiet := min(now.Sub(schedule.Later(w.moved, k.trips[0].From)), k.Path.Flow.Quiet(now))
		k.Order.Late(k.Path.Order, quiet, k.Queue.RTT, k.deepest(), now)
	}
	heads := k.Fleet.Window.Heads(k.Carried)
	pressed := k.Fleet.Sender.Ended() || heads && k.Fleet.Window.Pressed(now)
	if !pressed && now.Before(k.trips[0].Due) {
		return nil
	}
	if pressed || heads {
		k.offer(pressed)
	}
	others := k.Fleet.legs.Load() > k.legsPublished || k.Fleet.Sender.Others(k.Path) // there is a link that could take them
	if others && k.Queue.Told && now.Sub(schedule.Later(w.moved, k.trips[0].From)) >= k.stalledAfter() {
		k.stall()
	}
	return nil
}

// stalledAfter is how long the link may show no progress.
func (k *Link) stalledAfter() time.Duration {
	return schedule.StalledAfter(k.Queue.RTT, k.deepest(), k.Fleet.Time.Stall, schedule.PatienceTimes*k.Fleet.Time.Dead)
}

// offer lets other links send what is late here too, if it begins with the leg that the peer waits for. When the stream waits
// for that, it also offers what will not arrive soon.
func (k *Link) offer(pressed bool) {
	now, offered := k.Loop.Now, false
	alone, moves := k.siblings(), now.Sub(schedule.Later(k.headway.moved, k.trips[0].From)) < schedule.LateLeast
	if alone.Queued.After(now) && !k.Fleet.Sender.Others(k.Path) {
		return
	}
	for i := range k.trips {
		t := &k.trips[i]
		isLate := !now.Before(t.Due)
		if t.Offered {
			k.Fleet.Window.Bar(k.Carried[i], alone)
			continue
		}
		if k.Fleet.Alike && moves && now.Before(t.Due.Add(t.Due.Sub(t.From))) {
			continue // the others have the same way: a copy would only lengthen it
		}
		if wait := t.Expects.Sub(now); !isLate && (!pressed || 0 <= wait && wait <= schedule.Soon) {
			continue
		}
		expects := t.Expects
		if isLate || expects.Before(now) {
			expects = time.Time{}
		}
		t.Offered = k.Fleet.Window.Offer(k.Carried[i], expects, alone)
		offered = offered || t.Offered
		if t.Offered {
			observe.Tell(k.Fleet.Observer, observe.LegLate{
				Leg: k.Carried[i], Link: k.Index, Taken: now.Sub(t.From), Expected: t.Expects.Sub(t.From), Rate: uint64(k.Rate),
				RTT: k.Queue.RTT, Unsent: uint64(k.unsent),
			})
		}
		if isLate && !alone.Queued.After(now) {
			k.headway.doubt.Bad(now)
		}
	}
	if offered {
		k.Fleet.Sender.Feed()
	}
}

// siblings says when other links of the path may help. While the link's bytes get through, a queue that all of them share is no
// reason to: nobody could bring them sooner. And a link that has shown nothing yet is no better than one that has.
func (k *Link) siblings() (s window.SameWay) {
	now, w := k.Loop.Now, &k.headway
	stall := k.Fleet.Time.Stall
	if k.Path.Flow.Queued(stall/schedule.DeepShare, stall, now) && now.Sub(schedule.Later(w.moved, k.trips[0].From)) < k.stalledAfter() {
		s.Queued = now.Add(max(stall, k.deepest()))
	}
	if !w.moved.Before(k.trips[0].From) {
		s.Moving = w.moved.Add(k.Fleet.Time.Stall)
	}
	return s
}

// stall gives the link's legs to others. What is on its way may still arrive: whichever copy arrives first counts.
func (k *Link) stall() {
	k.headway.stalled = true
	k.Publish()
	n := k.GiveAway()
	observe.Tell(k.Fleet.Observer, observe.LinkStalled{Link: k.Index, Path: k.Name, Legs: n})
	k.Fleet.Sender.Feed()
}

// Probe detects an MTU black hole: full packets are silently dropped. The link came up after payload last moved, so small packets
// pass, but nothing of the legs on their way arrives.
func (k *Link) Probe() {
	now, least := k.Loop.Now, 2*k.Fleet.Time.Stall
	if k.useful || len(k.trips) == 0 || k.Queue.InNetwork == 0 || now.Sub(k.trips[0].From) < least || !k.UpSince.After(k.Fleet.MovedAt()) {
		return
	}
	if k.Path.Hole.Load() == 0 {
		k.Path.Hole.Store(int64(k.Conn.Info().MSS))
	}
}

// arrives notes that some of the link's payload has arrived, which shows that full packets get through.
func (k *Link) arrives() {
	if !k.useful {
		k.useful = true
		k.Path.Hole.Store(0)
	}
}
