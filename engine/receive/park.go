package receive

import (
	"slices"
	"sync/atomic"
	"time"

	"viamillipede/engine/receive/stage"

	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// A leg that comes early, while the legs before it are on their way on other links, usually has its turn soon. So it waits
// in its socket for a moment: then it can go straight to the sink, like any head leg, instead of being copied twice. It waits
// only while the sink moves on, because behind it on the same link there may be the very leg that is missing.
//
//	               its turn comes
//	begins -> parked -----------------> cut through
//	             |   ParkLooks times ParkMost without a byte for the sink, ParkFull times where the sink takes none
//	             +---------------------> into a buffer, and its link parks no leg for ParkPause
//
// The times are those of engine/schedule.

// parked is a link's leg that waits in its socket; it belongs to the link's loop.
type parked struct {
	leg   wire.Leg
	since time.Time // of the last look
	bytes uint64    // that the sink had then
	looks int       // since it had more
	pause time.Time // no leg is parked before then
}

// carPark is what a loop has parked.
type carPark struct {
	links []*rxlink    // for the loop's thread
	taken atomic.Int32 // len(links), for other loops that may bring on their turn
}

// park makes a leg that begins now wait for its turn; false if it should not wait, or has its turn.
func (k *rxlink) park(l wire.Leg) (bool, error) {
	r, at := k.r, k.owner
	if !r.out.Cuts(l, at.pipe) || at.Now.Before(k.parked.pause) {
		return false, nil
	}
	k.state, k.parked = stage.Parked, parked{leg: l, since: at.Now, bytes: r.out.Written()}
	at.park.links = append(at.park.links, k)
	at.park.taken.Add(1)
	// Whoever moves the sink on looks at taken afterwards, so one of the two sees the other.
	if r.early(l) {
		at.Within(schedule.ParkMost)
		return true, k.watch()
	}
	k.leavePark()
	return false, nil
}

// leavePark ends the wait. The caller decides what becomes of the leg.
func (k *rxlink) leavePark() {
	k.state = stage.Dropped
	k.owner.park.links = slices.DeleteFunc(k.owner.park.links, func(o *rxlink) bool { return o == k })
	k.owner.park.taken.Add(-1)
}

// resume lets the link go on, whether its leg's turn has come or not.
func (k *rxlink) resume() {
	k.leavePark()
	if k.r.early(k.parked.leg) {
		k.parked.pause = k.owner.Now.Add(schedule.ParkPause)
	}
	err := k.beginLeg(k.parked.leg)
	if err == nil && k.state != stage.Parked {
		err = k.watch()
	}
	if err != nil {
		k.lose(err)
		return
	}
	k.Ready(0)
}

// clearPark resumes the links whose turn it is, and those that have waited long enough. It reports whether there were any.
func (l *rxloop) clearPark() (some bool) {
	for _, k := range slices.Clone(l.park.links) {
		if k.state != stage.Parked {
			continue
		}
		if wait := k.parkLeft(); wait > 0 {
			l.Within(wait)
			continue
		}
		k.resume()
		some = true
		if l.Aboard() {
			break
		}
	}
	return some
}

// parkLeft is how long the parked leg may wait until the next look; 0: it must not wait any longer.
func (k *rxlink) parkLeft() time.Duration {
	p, now := &k.parked, k.owner.Now
	if !k.r.early(p.leg) {
		return 0
	}
	if wait := schedule.ParkMost - now.Sub(p.since); wait > 0 {
		return wait
	}
	p.since = now
	p.looks++
	if bytes := k.r.out.Written(); bytes != p.bytes {
		p.bytes, p.looks = bytes, 0
	}
	most := schedule.ParkLooks
	if k.r.out.Full() {
		most = schedule.ParkFull
	}
	if p.looks >= most {
		return 0
	}
	return schedule.ParkMost
}

// turnCame tells the other loops that the sink has moved on.
func (l *rxloop) turnCame() {
	for _, o := range l.r.loops {
		if o != l && o.park.taken.Load() > 0 {
			o.Nudge()
		}
	}
}

// broken reports whether events mean that a parked link's connection has ended: epoll would report that again and again.
func (k *rxlink) broken(events uint32) bool {
	return k.state == stage.Parked && events&(netio.Failed|netio.HungUp) != 0
}
