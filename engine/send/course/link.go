// Package course is how the links of a sender fare. Nothing in it is about how a leg gets into a socket.
//
//	fleet.go    what the links of a stream have in common
//	link.go     what a link has on its way
//	speed.go    what it can be expected to do
//	headway.go  late legs are offered to other links
//	silence.go  whether it is dead, or stuck, and what it was good for
package course

import (
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/schedule"
	"viamillipede/engine/ways"
	"viamillipede/engine/window"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// Link is a link and what is known of how it fares. It belongs to its loop's thread.
type Link struct {
	stream.Link
	Fleet   *Fleet
	Path    *ways.Path
	Order   *schedule.Order // of the paths that it belongs to; nil: each takes legs as soon as those before it are busy
	Leaving bool            // takes no more legs, and ends when those it has are received

	Leg     *window.Leg     // being sent, and held; nil between two legs
	Sent    int             // bytes of its header and of the leg that the socket took
	Carried []uint64        // legs taken and not known to be received, in the order they were sent
	trips   []schedule.Trip // one for each of them
	fed     time.Time       // when it last took a leg
	largest int             // bytes of the largest leg that the peer has received

	first    int       // bytes of the first leg it took; 0: none yet
	firstFed time.Time // when that was
	schedule.Speed
	legsPublished int64 // its share of Fleet.legs
	counted       bool  // it is known to the order of paths as one that can carry something

	Queue   netio.Queue // as last measured
	Asked   time.Time   // when that was
	unsent  int         // bytes taken and not sent, an estimate since then
	allowed int         // its share of Fleet.allowed, from then
	flowing int         // bytes in the network that the path has been told of
	headway headway
	hopeful bool // see SeemsToMove
	useful  bool // some of the payload that it carried has arrived; see Probe
}

// SetOut notes what the handshake has shown of a link that comes up.
func (k *Link) SetOut() {
	k.Queue = k.Conn.Queued()
	k.headway.begun, k.headway.acked = k.Queue.Acked, k.Queue.Acked
}

// GiveAway lets go of the legs that the link carries; those that it alone carried have to be sent again, and it returns how many these
// are.
func (k *Link) GiveAway() (legs int) {
	legs = k.Fleet.Window.Lost(k.Carried, k.Index)
	k.Carried, k.trips = nil, nil
	return legs
}

// Ends takes a link that is gone out of what is known of all links. It returns how many legs have to be sent again.
func (k *Link) Ends() (legs int) {
	legs = k.GiveAway()
	k.flows(0, 0)
	k.Publish()
	k.Fleet.allowed.Add(int64(-k.allowed))
	return legs
}

// Stalled reports whether nothing gets through on the link, so that it takes no more legs.
func (k *Link) Stalled() bool { return k.headway.stalled }

// unwritten is what the socket has not taken of the current leg, in bytes.
func (k *Link) unwritten() int {
	if k.Leg == nil {
		return 0
	}
	return k.Leg.Length - max(0, k.Sent-wire.HeaderLen)
}
