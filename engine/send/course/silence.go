package course

import (
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// Silent reports whether nothing has been heard for so long that the link is dead. Where the path's queue is deep, the TCP
// acks of what the peer sent wait in it, and the peer's kernel sends no more until they arrive. Then the peer is known to be
// alive by other links of the path, and by its TCP acks of what this link sent.
func (k *Link) Silent() bool {
	k.Path.Flow.Hear(k.Heard)
	now, queue := k.Loop.Now, k.deepest()
	silence, dead := k.Quiet.Silence(now, k.Heard, k.Fleet.Time)
	dead = schedule.WithTrip(dead, k.Queue.RTT)
	most := schedule.PatienceTimes * k.Fleet.Time.Dead
	switch {
	case silence < dead:
		return false
	case k.Path.Flow.Quiet(now) >= dead || queue == 0:
		return true
	case len(k.trips) == 0:
		return now.Sub(k.Heard) >= most // if it is dead, the next leg it carries will show it
	}
	return now.Sub(schedule.Later(k.Heard, k.headway.moved)) >= schedule.StalledAfter(0, queue, dead, most)
}

// Behind reports whether our kernel has bytes of the link that the peer's kernel lacks. Those will be heard before any
// heartbeat, which would only lengthen the queue.
func (k *Link) Behind() bool { return k.Queue.InNetwork+k.Queue.Unsent > 0 }

// Usefulness says how useful a link was that ends; on its loop's thread, while it still has its connection.
func (k *Link) Usefulness(err error) schedule.Use {
	now := k.Loop.Now
	switch {
	case err == stream.ErrLeft || k.CarriedSome(k.Conn.Queued()) || k.first == 0 && now.Sub(k.UpSince) >= schedule.IdleLong:
		return schedule.UseGood
	case k.first > 0 && now.Sub(k.firstFed) >= k.Fleet.Time.Stall:
		k.Path.Doubt()
		return schedule.UseWasted
	}
	return schedule.UseNone
}

// CarriedSome reports whether payload got through on the link. That a leg it carried has been received says little, since another
// link may have brought it. What the peer's kernel has says more, as long as small frames are told from payload.
func (k *Link) CarriedSome(q netio.Queue) bool {
	if k.largest == 0 {
		return false
	}
	return !q.Told || q.Acked >= uint64(wire.HelloLen+wire.HeaderLen+k.first)
}

// Acknowledged is how many bytes of legs have left and were acknowledged by the peer's kernel, as it was last measured; of a kernel that
// does not tell, what the socket has taken.
func (k *Link) Acknowledged() uint64 {
	taken := k.Bytes
	if k.Leg != nil {
		taken += uint64(k.Leg.Length - k.unwritten())
	} else if len(k.Carried) == 0 && !k.headway.stalled {
		return taken
	}
	return taken - min(taken, uint64(k.Queue.InNetwork+k.Queue.Unsent))
}

// Stuck reports whether nothing gets through of what the link carries, and since when.
func (k *Link) Stuck() (since time.Time, stuck bool) {
	if k.headway.stalled {
		return k.headway.moved, true
	}
	if len(k.trips) == 0 || k.headway.excused || !k.Queue.Told {
		return time.Time{}, false
	}
	since = schedule.Later(k.headway.moved, k.trips[0].From)
	return since, k.Loop.Now.Sub(since) >= k.stalledAfter()
}
