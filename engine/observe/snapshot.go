package observe

import (
	"time"

	"viamillipede/netio"
	"viamillipede/netio/sockstats"
)

// Snapshot is how a stream stands at one end. It belongs to the caller.
type Snapshot struct {
	Time    time.Time
	Ended   bool    // the stream is over: of what follows, only Summary is filled in
	Summary Summary // without its Links

	Links     []LinkStatus
	Loops     []LoopStatus   // by their number
	Paths     []PathStatus   // at the sender, in the order given
	Uncounted sockstats.Lost // what came in and was not counted, because there are too many flows
	Window    *WindowStatus  // at a sender that has met its receiver
	Ring      *RingStatus    // at a receiver that has met its sender
	First     *FirstStatus   // at a sender in version 1 of the wire, which has no window
}

// State is how a link stands. Dialling becomes Up, Up becomes Stalled and Down, Stalled becomes Up and Down, Down becomes Up.
type State int

// The states.
const (
	StateDialling State = iota // it was never up, and its path has not failed
	StateUp
	StateStalled // it is up, but nothing gets through
	StateDown    // it was up, or cannot be dialled
)

// LinkStatus is how one link stands.
type LinkStatus struct {
	Index    int
	Path     string // for people
	Order    int    // of the path, from 0; -1 at a receiver, which knows none
	State    State
	Since    time.Time // of State
	Loop     int
	Bytes    uint64
	Rate     uint64           // bytes in the last second
	Heard    time.Time        // when the last bytes came in; zero: there is no link
	Kernel   netio.Info       // what the kernel says about it
	InFlight int              // legs
	Counts   *sockstats.Stats // what came in on it; nil: no socket statistics
}

// Up reports whether the link exists; it may be stalled.
func (l LinkStatus) Up() bool { return !l.Heard.IsZero() }

// LoopStatus is where one loop runs.
type LoopStatus struct {
	CPU  int // -1: it is not pinned
	Node int // NUMA node; -1: there is only one, or it is not known
}

// PathStatus is how one path stands.
type PathStatus struct {
	PathSummary
	Now   uint64    // bytes in the last second
	Since time.Time // since when it has no link; zero: it never had one, or has one now
	Off   bool      // the user wants no links by it
	Limit uint64    // the most that its links send together, in bytes a second; 0: no limit
}

// WindowStatus is how the window stands.
type WindowStatus struct {
	Next      uint64 // number of the next new leg
	Received  uint64 // every leg before this one is received
	Delivered uint64 // every leg before this one is delivered
	Credit    uint64 // legs that may be sent beyond Delivered
	Waiting   int    // legs to be sent again
	Kept      int64  // bytes of the legs kept
	Limit     int64  // bytes that may be kept
	InUse     int    // buffers
	Buffers   int    // all of them
}

// RingStatus is how the ring and the sink behind it stand.
type RingStatus struct {
	Next     uint64 // number of the next leg for the sink
	Received uint64 // every leg before this one is received
	Depth    int    // legs here beyond Next
	Credit   int    // legs that the sender may send beyond Next
	InUse    int    // buffers
	Buffers  int    // all of them
	SinkFull bool   // the consumer is behind
	Written  bool   // the sink has all of the stream; its consumer may have to read some of it yet
}

// FirstStatus is how a sender in version 1 of the wire stands.
type FirstStatus struct{ Legs uint64 } // that it has made
