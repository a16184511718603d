package receive

import "viamillipede/netio"

// rxstate is what a receiving link does with what comes next from its socket. Its loop's thread changes it; nobody does while
// that thread is in a call that may wait (Link.Away).
//
//	rxHeader   a control frame with a payload   -> rxControl
//	           a leg (beginLeg): the first of these that it can be
//	             it is here already             -> rxDropped
//	             it has its place in a file     -> rxPlaced
//	             it comes early                 -> rxParked
//	             it is the head                 -> rxCut
//	             else                           -> rxBuffered
//
//	             a call on the file is stuck                      the sink is full
//	   rxPlaced <---------------------------> rxStalled     rxCut <----------------> rxHeld
//	      |  |   none is any more                            | |    it takes more      |
//	      |  |                                               | |                       | the connection
//	      |  +--> rxBuffered  the kernel does not splice <---+ |                       | failed
//	      |                   another loop writes        <---+ |                       v
//	      |                                                    |                   rxBuffered
//	      +-----> rxDropped   the sink takes nothing any more  |
//	                          a copy is delivered          <---+
//
//	rxParked   its turn comes, or it has waited for too long: it begins again
//
// From each state of a leg the link returns to rxHeader when the leg is complete; a link that is lost, or parts, drops its leg.
// Once its connection has ended and the rest of it is read, a leg that waits goes on (bufferRest).
type rxstate int

const (
	rxHeader   rxstate = iota // a header, of which got bytes are there
	rxControl                 // the payload of a control frame, into small
	rxDropped                 // the rest of a leg, into the loop's waste
	rxBuffered                // the rest of a leg, into the buffer of rxlink.leg
	rxPlaced                  // the rest of rxlink.leg, to its place in a file
	rxCut                     // the rest of rxlink.cut, the head leg, to the sink

	// In these states, what is in the socket stays there for now.
	rxStalled // rxPlaced, but a call on the file is stuck: Delivery.freed resumes it
	rxHeld    // rxCut, but the sink is full: Delivery.Heed resumes it
	rxParked  // an early leg, nothing of which is taken yet: clearPark resumes it
)

// inLeg reports whether a leg has begun that is not whole.
func (s rxstate) inLeg() bool { return s >= rxDropped }

// waits reports whether what is in the socket stays there for now.
func (s rxstate) waits() bool { return s >= rxStalled }

// goesOn is the state of a leg that waited for the sink once it no longer has to.
func (s rxstate) goesOn() rxstate {
	switch s {
	case rxStalled:
		return rxPlaced
	case rxHeld:
		return rxCut
	}
	return s
}

// has reports whether useful bytes of a leg have been taken, or are about to be.
func (s rxstate) has() bool { return s > rxDropped && s != rxParked }

// departs reports whether the link is about to leave its loop, which it does between two frames.
func (k *rxlink) departs() bool { return k.bound != nil && k.state == rxHeader }

// events is what the link can currently make use of.
func (k *rxlink) events() uint32 {
	var events uint32
	if !k.state.waits() {
		events |= netio.Readable
	}
	if k.Full {
		events |= netio.Writable
	}
	return events
}
