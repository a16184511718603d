package engine

import "viamillipede/netio"

// leave ends the link without loss: its keeper will dial its own path, or has nothing more to do.
func (k *txlink) leave() {
	k.leaving = true
	k.publish()
	if err := k.left(); err != nil && !k.gone {
		k.lose(err)
	}
}

// left returns errLeft once a link that has to leave has nothing more to do.
func (k *txlink) left() error {
	if k.leaving && k.leg == nil && len(k.carried) == 0 {
		return errLeft
	}
	return nil
}

// abandon closes the link in the middle of a leg that nobody needs any more.
func (k *txlink) abandon() {
	k.dropLeg()
	k.conn.Abort()
	k.dropZero()
}

// part closes the link when all is said. What the peer still sends is read first, because the kernel answers a close that leaves
// something unread with a reset, which may throw away our last words before the peer has read them.
func (k *txlink) part() {
	k.conn.Finish()
	for budget := socketMost; budget > 0; {
		n, err := k.conn.Recv(k.in[:], nil)
		if err != nil {
			break
		}
		budget -= n
	}
	k.conn.Close()
	k.dropZero()
}

// lose ends the link. The legs that it alone carried are sent again, on any link.
func (k *txlink) lose(err error) {
	if k.gone || k.condemn(err) {
		return
	}
	if netio.Refused(err) {
		k.lastWords()
	}
	if k.parting && !k.busy() && k.heardOut(err) {
		k.s.parted.Store(true)
	}
	k.use = k.usefulness(err)
	if why, ours := reasonOf(err); ours {
		k.putAside(why)
	} else {
		if !k.closeZero() {
			k.close(true)
		}
		k.dropLeg()
	}
	n := k.s.window.Lost(k.carried, k.index)
	if n > 0 {
		tell(k.s.observer, LegsLost{Link: k.index, Legs: n})
	}
	k.carried, k.trips = nil, nil
	k.flows(0, 0)
	k.publish()
	k.s.allowed.Add(int64(-k.allowed))
	k.s.linkLost(k, err)
	k.lost(err)
}
