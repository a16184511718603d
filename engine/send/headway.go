package send

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
	looked  time.Time // by checkLinks
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
func (w *headway) look(k *txlink, q netio.Queue) {
	w.excused = q.PeerFull || q.Clear() && k.leg == nil
	if q.Acked == w.acked && !w.excused {
		return
	}
	w.acked, w.moved = q.Acked, k.Loop.Now
	k.order.Heard(k.path.Order, k.Loop.Now)
	k.seemsToMove()
	if q.Acked > w.begun+k.Said {
		k.arrives()
	}
	if w.stalled {
		w.stalled = false
		k.publish()
		observe.Tell(k.s.observer, observe.LinkResumed{Link: k.Index, Path: k.Name})
	}
}

// seemsToMove notes that payload gets into the peer's kernel, or that the network is not what keeps it out. That is not yet
// the receiver's word: what is on a link that dies is sent again, however often. So it counts for good only on a link that
// lasts; on others it counts until such a link has ended with nothing to show for it.
func (k *txlink) seemsToMove() {
	if k.lasts() {
		k.s.move(k.Loop.Now)
		return
	}
	k.hopeful = true
	k.s.hoped.Store(int64(k.Loop.Now.Sub(k.s.life.Started)))
}

// lasts reports whether the peer was still heard long after the link came up.
func (k *txlink) lasts() bool {
	least := k.s.time.Dead
	if k.s.cfg.Giveup > 0 {
		least = min(least, k.s.cfg.Giveup/2)
	}
	return k.Proved && k.Heard.Sub(k.UpSince) >= least
}

// dashed reports whether payload seemed to move on the link, which ends with err, but did not.
func (k *txlink) dashed(err error) bool {
	return k.hopeful && !k.lasts() && err != stream.ErrLeft && err != stream.ErrChaos && !k.s.movedAt().After(k.UpSince)
}

// checkLinks checks the links that carry something, and makes the next round come soon if any does.
func (l *txloop) checkLinks() {
	for i := 0; i < len(l.Links); i++ {
		k := l.Links[i]
		if len(k.carried) == 0 && !k.headway.stalled {
			continue
		}
		if l.Now.Sub(k.headway.looked) >= schedule.WatchPause {
			k.headway.looked = l.Now
			if err := k.check(); err != nil {
				k.lose(err) // which takes it out of links
				i--
				continue
			}
		}
		k.wake()
	}
}

// wake makes the loop look at the link again soon. A link that waits for the peer's program, or has stalled, can wait for the
// tick.
func (k *txlink) wake() {
	if len(k.trips) > 0 && !k.headway.excused {
		k.Loop.Within(schedule.WatchPause)
	}
}

// check offers late legs to other links, and gives all of them away when nothing gets through.
func (k *txlink) check() error {
	now, w := k.Loop.Now, &k.headway
	k.prune() // the ack may have come on a link of another loop
	if len(k.trips) == 0 && !w.stalled {
		return nil
	}
	k.asked = time.Time{}
	k.measure()
	switch {
	case w.stalled && now.Sub(w.moved) >= k.s.time.Dead+k.stalledAfter()-k.s.time.Stall:
		return stream.ErrStuck
	case w.stalled || w.excused || len(k.trips) == 0:
		return nil
	}
	if k.order != nil && k.queue.Told {
		quiet := min(now.Sub(schedule.Later(w.moved, k.trips[0].From)), k.path.Flow.Quiet(now))
		k.order.Late(k.path.Order, quiet, k.queue.RTT, k.deepest(), now)
	}
	heads := k.s.window.Heads(k.carried)
	pressed := k.s.in.Ended() || heads && k.s.window.Pressed(now)
	if !pressed && now.Before(k.trips[0].Due) {
		return nil
	}
	if pressed || heads {
		k.offer(pressed)
	}
	others := k.s.legs.Load() > k.legsPublished || k.s.reach.Others(k.path) // there is a link that could take them
	if others && k.queue.Told && now.Sub(schedule.Later(w.moved, k.trips[0].From)) >= k.stalledAfter() {
		k.stall()
	}
	return nil
}

// stalledAfter is how long the link may show no progress.
func (k *txlink) stalledAfter() time.Duration {
	return schedule.StalledAfter(k.queue.RTT, k.deepest(), k.s.time.Stall, schedule.PatienceTimes*k.s.time.Dead)
}

// offer lets other links send what is late here too, if it begins with the leg that the peer waits for. When the stream waits
// for that, it also offers what will not arrive soon.
func (k *txlink) offer(pressed bool) {
	now, offered := k.Loop.Now, false
	alone := k.siblings()
	if alone.Queued.After(now) && !k.s.reach.Others(k.path) {
		return
	}
	for i := range k.trips {
		t := &k.trips[i]
		isLate := !now.Before(t.Due)
		if t.Offered {
			k.s.window.Bar(k.carried[i], alone)
			continue
		}
		if wait := t.Expects.Sub(now); !isLate && (!pressed || 0 <= wait && wait <= schedule.Soon) {
			continue
		}
		expects := t.Expects
		if isLate || expects.Before(now) {
			expects = time.Time{}
		}
		t.Offered = k.s.window.Offer(k.carried[i], expects, alone)
		offered = offered || t.Offered
		if t.Offered {
			observe.Tell(k.s.observer, observe.LegLate{
				Leg: k.carried[i], Link: k.Index, Taken: now.Sub(t.From), Expected: t.Expects.Sub(t.From), Rate: uint64(k.Rate),
				RTT: k.queue.RTT, Unsent: uint64(k.unsent),
			})
		}
		if isLate && !alone.Queued.After(now) {
			k.headway.doubt.Bad(now)
		}
	}
	if offered {
		k.s.feed(nil)
	}
}

// siblings says when other links of the path may help. While the link's bytes get through, a queue that all of them share is no
// reason to: nobody could bring them sooner. And a link that has shown nothing yet is no better than one that has.
func (k *txlink) siblings() (s window.SameWay) {
	now, w := k.Loop.Now, &k.headway
	stall := k.s.time.Stall
	if k.path.Flow.Queued(stall/schedule.DeepShare, stall, now) && now.Sub(schedule.Later(w.moved, k.trips[0].From)) < k.stalledAfter() {
		s.Queued = now.Add(max(stall, k.deepest()))
	}
	if !w.moved.Before(k.trips[0].From) {
		s.Moving = w.moved.Add(k.s.time.Stall)
	}
	return s
}

// stall gives the link's legs to others. What is on its way may still arrive: whichever copy arrives first counts.
func (k *txlink) stall() {
	k.headway.stalled = true
	k.publish()
	n := k.s.window.Lost(k.carried, k.Index)
	k.carried, k.trips = nil, nil
	observe.Tell(k.s.observer, observe.LinkStalled{Link: k.Index, Path: k.Name, Legs: n})
	k.s.feed(nil)
}

// probe detects an MTU black hole: full packets are silently dropped. The link came up after payload last moved, so small packets
// pass, but nothing of the legs on their way arrives.
func (k *txlink) probe() {
	now, least := k.Loop.Now, 2*k.s.time.Stall
	if k.useful || len(k.trips) == 0 || k.queue.InNetwork == 0 || now.Sub(k.trips[0].From) < least || !k.UpSince.After(k.s.movedAt()) {
		return
	}
	if k.path.Hole.Load() == 0 {
		k.path.Hole.Store(int64(k.Conn.Info().MSS))
	}
}

// arrives notes that some of the link's payload has arrived, which shows that full packets get through.
func (k *txlink) arrives() {
	if !k.useful {
		k.useful = true
		k.path.Hole.Store(0)
	}
}
