// Package stage is what a receiving link does with what comes next, as a matter of states alone.
//
//	stage.go   the states, and what follows from each
//	spot.go    how long a leg waits in its socket
package stage

// Stage is what a receiving link does with what comes next from its socket. Its loop's thread changes it; nobody does while
// that thread is in a call that may wait (Link.Away).
//
//	Header   a control frame with a payload   -> Control
//	           a leg (beginLeg): the first of these that it can be
//	             it is here already             -> Dropped
//	             it has its place in a file     -> Placed
//	             it comes early                 -> Parked
//	             it is the head                 -> Cut
//	             else                           -> Buffered
//
//	             a call on the file is stuck                      the sink is full
//	   Placed <---------------------------> Stalled     Cut <----------------> Held
//	      |  |   none is any more                            | |    it takes more      |
//	      |  |                                               | |                       | the connection
//	      |  +--> Buffered  the kernel does not splice <---+ |                       | failed
//	      |                   another loop writes        <---+ |                       v
//	      |                                                    |                   Buffered
//	      +-----> Dropped   the sink takes nothing any more  |
//	                          a copy is delivered          <---+
//
//	Parked   its turn comes, or it has waited for too long: it begins again
//
// From each state of a leg the link returns to Header when the leg is complete; a link that is lost, or parts, drops its leg.
// Once its connection has ended and the rest of it is read, a leg that waits goes on (bufferRest).
type Stage int

const (
	Header   Stage = iota // a header, of which got bytes are there
	Control               // the payload of a control frame, into small
	Dropped               // the rest of a leg, into the loop's waste
	Buffered              // the rest of a leg, into the buffer of rxlink.leg
	Placed                // the rest of rxlink.leg, to its place in a file
	Cut                   // the rest of rxlink.cut, the head leg, to the sink

	// In these states, what is in the socket stays there for now.
	Stalled // Placed, but a call on the file is stuck: Delivery.freed resumes it
	Held    // Cut, but the sink is full: Delivery.Heed resumes it
	Parked  // an early leg, nothing of which is taken yet: clearPark resumes it
)

// InLeg reports whether a leg has begun that is not whole.
func (s Stage) InLeg() bool { return s >= Dropped }

// Waits reports whether what is in the socket stays there for now.
func (s Stage) Waits() bool { return s >= Stalled }

// GoesOn is the state of a leg that waited for the sink once it no longer has to.
func (s Stage) GoesOn() Stage {
	switch s {
	case Stalled:
		return Placed
	case Held:
		return Cut
	}
	return s
}

// Has reports whether useful bytes of a leg have been taken, or are about to be.
func (s Stage) Has() bool { return s > Dropped && s != Parked }
