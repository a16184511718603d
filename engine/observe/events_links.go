package observe

import (
	"net/netip"
	"time"
)

// Events of links, of the paths that they take, and of the legs on them. Path names, for people, a path or, at a receiver, a peer's
// address.

// LinkUp is a link that came up.
type LinkUp struct {
	Link int
	Path string
}

// LinkDown is a link that ended.
type LinkDown struct {
	Link     int
	Path     string
	Err      error // io.EOF: the peer's host closed it
	Expected bool  // the stream is finished, or the link's work for it
}

// LinkStalled is a link on which nothing gets through any more; its legs, this many, go to other links too.
type LinkStalled struct {
	Link int
	Path string
	Legs int
}

// LinkResumed is a stalled link on which something gets through again.
type LinkResumed struct {
	Link int
	Path string
}

// LinkMoved is a link at a receiver that moves to the loop where its packets come in.
type LinkMoved struct {
	Link     int
	From, To int // loops
}

// LinkNotTaken is a connection that should have become a link but cannot be used.
type LinkNotTaken struct {
	Link int
	From string
	Err  error
}

// DialFailed is an attempt on a path that failed differently from the one before.
type DialFailed struct {
	Link int
	Path string
	Err  error
}

// PathUp is a path that had no link and has one now.
type PathUp struct {
	Path  string
	Order int // of the path, from 0
}

// PathDown is a path that has lost its last link.
type PathDown struct {
	Path     string
	Order    int
	Err      error // how that link ended; see LinkDown
	Expected bool  // likewise
}

// PathHelps is a path that begins to take new legs because the paths before it are too slow, or that no longer does.
type PathHelps struct {
	Path  string
	Helps bool
	Spill time.Duration // for so long they would have been busy with what waits; see schedule.Order
}

// AddressChosen is a name with several addresses, of which the first one tried failed.
type AddressChosen struct {
	Path   string
	Addr   netip.Addr
	Failed error // how the others failed
}

// NameKept is a name that no longer resolves: the last known addresses are tried.
type NameKept struct {
	Path string
	Err  error
}

// PortTaken is a source port of a path's list that cannot be used now.
type PortTaken struct {
	Path string
	Port uint16
	Err  error
}

// LegSent is a leg that has been sent on a link.
type LegSent struct {
	Leg    uint64
	Bytes  int
	Offset uint64
	Link   int
}

// LegReceived is a leg that came in on a link, for the first time or not.
type LegReceived struct {
	Leg    uint64
	Bytes  int
	Offset uint64
	Link   int
}

// LegsLost are legs that were on their way on a link that ended: they go to other links.
type LegsLost struct{ Link, Legs int }

// LegLate is a leg that is offered to other links.
type LegLate struct {
	Leg      uint64
	Link     int
	Taken    time.Duration // how long ago the link took it
	Expected time.Duration // how long after that it should have arrived
	Rate     uint64        // of the link, in bytes per second
	RTT      time.Duration
	Unsent   uint64 // bytes on the link
}

// LegRescued is a leg that is late on one path and goes out on another link too.
type LegRescued struct {
	Leg  uint64
	From string // path
	Link int
}

// Call is a system call on the data path.
type Call struct {
	Name string
	FD   int
	N    int // its result
	Err  error
}

func (LinkUp) level() Level        { return LevelLinks }
func (LinkStalled) level() Level   { return LevelLinks }
func (LinkResumed) level() Level   { return LevelLinks }
func (LinkMoved) level() Level     { return LevelLinks }
func (LinkNotTaken) level() Level  { return LevelLinks }
func (DialFailed) level() Level    { return LevelLinks }
func (PathUp) level() Level        { return LevelLinks }
func (PathDown) level() Level      { return LevelLinks }
func (PathHelps) level() Level     { return LevelChoices }
func (AddressChosen) level() Level { return LevelChoices }
func (NameKept) level() Level      { return LevelLinks }
func (PortTaken) level() Level     { return LevelLinks }
func (LegSent) level() Level       { return LevelLegs }
func (LegReceived) level() Level   { return LevelLegs }
func (LegsLost) level() Level      { return LevelResent }
func (LegLate) level() Level       { return LevelResent }
func (LegRescued) level() Level    { return LevelResent }
func (Call) level() Level          { return LevelCalls }

func (e LinkDown) level() Level {
	if e.Expected {
		return LevelChoices
	}
	return LevelLinks
}
