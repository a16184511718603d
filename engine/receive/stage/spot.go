package stage

import (
	"time"

	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
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

// Spot is a leg that waits in its link's socket, and where it last stood; it belongs to the link's loop.
type Spot struct {
	Leg   wire.Leg
	since time.Time // of the last look
	bytes uint64    // that the sink had then
	looks int       // since it had more
	pause time.Time // no leg is parked before then
}

// Free reports whether a leg may be parked now.
func (p *Spot) Free(now time.Time) bool { return !now.Before(p.pause) }

// Park has a leg wait while the sink has so many bytes.
func (p *Spot) Park(l wire.Leg, now time.Time, bytes uint64) {
	*p = Spot{Leg: l, since: now, bytes: bytes}
}

// Pause has no leg wait for a while, since the one that did has waited for nothing.
func (p *Spot) Pause(now time.Time) { p.pause = now.Add(schedule.ParkPause) }

// Left is how long a leg that is still early may wait until the next look, while the sink has so many bytes; 0: it must not wait any
// longer. full is whether the sink takes none.
func (p *Spot) Left(now time.Time, bytes uint64, full bool) time.Duration {
	if wait := schedule.ParkMost - now.Sub(p.since); wait > 0 {
		return wait
	}
	p.since = now
	p.looks++
	if bytes != p.bytes {
		p.bytes, p.looks = bytes, 0
	}
	most := schedule.ParkLooks
	if full {
		most = schedule.ParkFull
	}
	if p.looks >= most {
		return 0
	}
	return schedule.ParkMost
}
