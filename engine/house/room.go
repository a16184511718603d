package house

import (
	"context"
	"net"
	"time"

	"viamillipede/engine/doors"
	"viamillipede/engine/internal/stream"
)

// Room is what a peer has: the ends that were made for it have joined there. It is their doors.Entrance.
//
//	opened -> ready -> over -> gone
//
// It is over when its ends have none of the peer's links, and nothing of a stream has come; then its ends are told to end. It is gone when
// they have. Its links are turned out if nothing of a stream has come for a while, and somebody waits, or the house
// takes no more.
type Room struct {
	doors.Tenants
	house  *House
	peer   peer
	number int
	from   net.Addr
	opened time.Time
	ready  chan struct{} // closed when its ends are made, or err is set
	err    error         // why they could not be made; set before that
	gone   chan struct{} // closed when its ends have ended

	made    bool                    // ready; guarded by House.mu, as is all below
	hearing int                     // guests who are heard
	whole   bool                    // each end has met the peer once
	turned  bool                    // its links are on their way out, and others are to have its place
	over    bool                    // nobody is heard any more
	end     context.CancelCauseFunc // of its ends
}

// Number is how many peers have had rooms, this one included.
func (r *Room) Number() int { return r.number }

// From is where the peer's first link came from.
func (r *Room) From() net.Addr { return r.from }

// ErrLeft is why the ends of a room end whose peer left before its stream began.
var ErrLeft = stream.Fail(stream.StatusLost, nil, "the peer went away before its stream began")

// errHalf is why they end if the peer has only one end.
var errHalf = stream.Fail(stream.StatusRefused, nil, "the peer sends or receives, and here each has to do both (rx and tx)")

// hopeless is why the room is of no use; nil: it is. Under House.mu.
func (r *Room) hopeless(now time.Time) *stream.Error {
	if !r.made || r.over || r.hearing > 0 {
		return nil
	}
	r.turned = r.turned && !r.Owned() // a leg may have been on its way
	have, lack := r.Met()
	r.whole = r.whole || lack == 0
	switch {
	case have == 0:
		return ErrLeft
	case !r.whole && now.Sub(r.opened) >= r.house.cfg.Timing.Hello:
		return errHalf
	}
	return nil
}

// dawdles reports whether the peer has brought nothing for so long that another one may have its place. Under House.mu.
func (r *Room) dawdles(now time.Time) bool {
	return r.made && !r.over && now.Sub(r.opened) >= r.house.cfg.Timing.Yield && !r.Owned()
}

// leave has its ends end. Under House.mu.
func (r *Room) leave(why error) {
	r.over = true
	r.end(why)
}

// Accept implements doors.Entrance.
func (r *Room) Accept(ctx context.Context, h doors.Host) { r.Stay(ctx, h) }

// Close implements doors.Entrance: the port is not the room's.
func (r *Room) Close() {}

// Addr implements doors.Entrance.
func (r *Room) Addr() net.Addr { return r.house.doors.Addr() }

// ReceiverID implements doors.Entrance: all receivers of a process have one, so that a peer may come to another room.
func (r *Room) ReceiverID() uint64 { return r.house.doors.ReceiverID() }

// Shut implements doors.Entrance.
func (r *Room) Shut() error { return r.house.doors.Shut() }

// SenderFailed implements doors.Entrance.
func (r *Room) SenderFailed(from, reason string) { r.house.doors.SenderFailed(from, reason) }

// Steer implements doors.Entrance: connections come in for all alike.
func (r *Room) Steer(int, func(cpu int) int) {}

// Refused implements doors.Entrance: strangers are the house's.
func (r *Room) Refused() uint64 { return 0 }

// Report implements doors.Entrance, likewise.
func (r *Room) Report(time.Time) {}
