package receive

import (
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/receive/stage"
	"viamillipede/netio"
)

// lose ends the link. The part of a leg that it was receiving is thrown away: the leg will come again.
func (k *rxlink) lose(err error) {
	if k.Spared(err) {
		return
	}
	k.Away = true // its last words may have to be delivered
	if netio.Refused(err) && !k.Parting {
		k.lastWords()
	}
	if k.state == stage.Parked {
		k.leavePark()
	}
	k.Away = false
	k.hangUp(err)
	k.release()
	k.r.linkLost(k, err)
}

// hangUp closes the connection. If it is this end that gives the link up, the peer is told, as far as the socket takes it: there is
// hardly ever anything else on its way.
func (k *rxlink) hangUp(err error) {
	why, ours := stream.ReasonOf(err)
	if ours {
		k.GiveUp(why)
		_, _ = k.Flush()
	}
	k.Close(!ours)
}

// part ends our side of the link once its last words are in the socket. What still comes in is read and dropped, because the kernel
// answers a close that leaves something unread with a reset, which may overtake the words.
func (k *rxlink) part() {
	if k.Away {
		k.Conn.Finish() // what it is in the middle of is no longer of use
		return
	}
	if k.Parting {
		return
	}
	k.Parting, k.Answered = true, true
	if k.state == stage.Parked {
		k.leavePark()
	}
	k.release()
	k.Conn.Finish()
	k.Conn.Await(1)
	if err := k.watch(); err != nil {
		k.lose(err)
		return
	}
	k.drop()
}

// drop reads what comes on a link that is parting, until the sender has closed it too.
func (k *rxlink) drop() {
	for budget := bytesPerRound; budget > 0; {
		n, err := k.Conn.Recv(k.owner.waste[:], nil)
		if err == netio.ErrAgain {
			return
		}
		if err != nil {
			if !k.forsaken && k.HeardOut(err) {
				k.r.life.Parted.Store(true)
			}
			k.Close(false)
			k.r.linkLost(k, err)
			return
		}
		budget -= n
	}
}

// lastWords reads what is left in a connection that a send found closed.
func (k *rxlink) lastWords() {
	k.ending = true
	if k.bufferRest() != nil {
		return
	}
	_ = stream.Exhaust(func() (int, error) {
		n, _, err := k.read()
		return n, err
	})
}

// bufferRest makes a leg that was to go straight to the sink, or waits for its turn, go into a buffer, and lets one that waits for a
// file go on.
func (k *rxlink) bufferRest() error {
	switch k.state {
	case stage.Parked:
		k.leavePark()
		return k.buffer(k.parked.Leg)
	case stage.Cut, stage.Held:
		return k.buffer(k.cut.Leg)
	}
	k.state = k.state.GoesOn()
	return nil
}

// release drops the leg that has begun, if one has.
func (k *rxlink) release() {
	if k.state.InLeg() {
		k.state = stage.Dropped
	}
	if k.leg != nil {
		k.leg.Release()
		k.leg = nil
	}
}
