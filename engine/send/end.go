package send

import (
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
	"viamillipede/netio"
	"viamillipede/netio/dial"
)

// Leave ends the link without loss: its keeper will dial its own path, or has nothing more to do.
func (k *txlink) Leave() {
	k.leaving = true
	k.publish()
	if err := k.left(); err != nil && !k.Gone {
		k.lose(err)
	}
}

// left returns errLeft once a link that has to leave has nothing more to do.
func (k *txlink) left() error {
	if k.leaving && k.leg == nil && len(k.carried) == 0 {
		return stream.ErrLeft
	}
	return nil
}

// abandon closes the link in the middle of a leg that nobody needs any more.
func (k *txlink) abandon() {
	k.dropLeg()
	k.Conn.Abort()
	k.zero.Drop()
}

// part closes the link when all is said. What the peer still sends is read first, because the kernel answers a close that leaves
// something unread with a reset, which may throw away our last words before the peer has read them.
func (k *txlink) part() {
	k.Conn.Finish()
	_ = stream.Exhaust(func() (int, error) { return k.Conn.Recv(k.in[:], nil) })
	k.Conn.Close()
	k.zero.Drop()
}

// lose ends the link. The legs that it alone carried are sent again, on any link.
func (k *txlink) lose(err error) {
	if k.Spared(err) {
		return
	}
	if netio.Refused(err) {
		k.lastWords()
	}
	if k.Parting && !k.busy() && k.HeardOut(err) {
		k.s.life.Parted.Store(true)
	}
	use := k.usefulness(err)
	if why, ours := stream.ReasonOf(err); ours {
		k.putAside(why)
	} else {
		if !k.closeZero() {
			k.Close(true)
		}
		k.dropLeg()
	}
	n := k.s.window.Lost(k.carried, k.Index)
	if n > 0 {
		observe.Tell(k.s.observer, observe.LegsLost{Link: k.Index, Legs: n})
	}
	k.carried, k.trips = nil, nil
	k.flows(0, 0)
	k.publish()
	k.s.allowed.Add(int64(-k.allowed))
	k.s.linkLost(k, err)
	k.lost(use)
}

// usefulness says how useful a link was that ends; on its loop's thread, while it still has its connection.
func (k *txlink) usefulness(err error) schedule.Use {
	now := k.Loop.Now
	switch {
	case err == stream.ErrLeft || k.carriedSome(k.Conn.Queued()) || k.first == 0 && now.Sub(k.UpSince) >= schedule.IdleLong:
		return schedule.UseGood
	case k.first > 0 && now.Sub(k.firstFed) >= k.s.time.Stall:
		k.path.Doubt()
		return schedule.UseWasted
	}
	return schedule.UseNone
}

// carriedSome reports whether payload got through on the link. That a leg it carried has been received says little, since another
// link may have brought it. What the peer's kernel has says more, as long as small frames are told from payload.
func (k *txlink) carriedSome(q netio.Queue) bool {
	if k.largest == 0 {
		return false
	}
	return !q.Told || q.Acked >= uint64(wire.HelloLen+wire.HeaderLen+k.first)
}

// stranded says what has become of the device of a link to a link-local address; nil: it is still there.
func (k *txlink) stranded() error {
	if k.to.Zone() == "" {
		return nil
	}
	return dial.SameZone(k.to, k.zoned)
}
