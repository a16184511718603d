package send

import (
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/netio"
	"viamillipede/netio/dial"
)

// Leave ends the link without loss: its keeper will dial its own path, or has nothing more to do.
func (k *txlink) Leave() {
	k.Leaving = true
	k.Publish()
	if err := k.left(); err != nil && !k.Gone {
		k.lose(err)
	}
}

// left returns errLeft once a link that has to leave has nothing more to do.
func (k *txlink) left() error {
	if k.Leaving && k.Leg == nil && len(k.Carried) == 0 {
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
	use := k.Usefulness(err)
	if why, ours := stream.ReasonOf(err); ours {
		k.putAside(why)
	} else {
		if !k.closeZero() {
			k.Close(true)
		}
		k.dropLeg()
	}
	if n := k.Ends(); n > 0 {
		observe.Tell(k.s.observer, observe.LegsLost{Link: k.Index, Legs: n})
	}
	k.s.linkLost(k, err)
	k.lost(use)
}

// stranded says what has become of the device of a link to a link-local address; nil: it is still there.
func (k *txlink) stranded() error {
	if k.to.Zone() == "" {
		return nil
	}
	return dial.SameZone(k.to, k.zoned)
}
