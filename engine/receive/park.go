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

// carPark is what a loop has parked.
type carPark struct {
	links []*rxlink    // for the loop's thread
	taken atomic.Int32 // len(links), for other loops that may bring on their turn
}

// park makes a leg that begins now wait for its turn; false if it should not wait, or has its turn.
func (k *rxlink) park(l wire.Leg) (bool, error) {
	r, at := k.r, k.owner
	if !r.out.Cuts(l, at.pipe) || !k.parked.Free(at.Now) {
		return false, nil
	}
	k.state = stage.Parked
	k.parked.Park(l, at.Now, r.out.Written())
	at.park.links = append(at.park.links, k)
	at.park.taken.Add(1)
	// Whoever moves the sink on looks at taken afterwards, so one of the two sees the other.
	if r.store.Early(l) {
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
	if k.r.store.Early(k.parked.Leg) {
		k.parked.Pause(k.owner.Now)
	}
	err := k.beginLeg(k.parked.Leg)
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
	if !k.r.store.Early(k.parked.Leg) {
		return 0
	}
	return k.parked.Left(k.owner.Now, k.r.out.Written(), k.r.out.Full())
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
