package observe

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// Events of the stream as a whole, which its user must know about, and of connections that are no part of it.

// Phase is how far an outage has got.
type Phase int

// The phases: an outage begins, lasts, usually more than once, and ends.
const (
	OutageBegins Phase = iota
	OutageLasts
	OutageEnds
)

// Limit is a keyword that bounds how long something is waited for.
type Limit string

// The limits.
const (
	LimitConnect Limit = "connect"
	LimitGiveup  Limit = "giveup"
	LimitDead    Limit = "dead"
)

// Outage is a stream whose payload does not get through: it waits for first contact, or its links are lost or stand still. If the
// stream fails, the end of the outage is not reported.
type Outage struct {
	Sender bool // which end it is
	Dials  bool // it dials; otherwise it listens
	Phase  Phase
	First  bool      // the peer has not been met yet
	Since  time.Time // nothing has got through since then
	At     time.Time // now; with OutageEnds, when something got through again
	Until  time.Time // how long the stream waits; zero: for ever
	Limit  Limit     // the keyword that sets Until
	Links  int       // links that are up all the same
	Why    error     // where it dials or sends, until the outage ends: what the paths have shown, an Unreachable or a BlackHole; nil: nothing
	Paths  []string  // likewise, at the end: those that have a link
	Door   net.Addr  // where it listens, of First: at that address; nil: the kernel had no memory to say
	Port   uint16    // likewise, as it was asked for
	Stage  Stage     // at a receiver: how far the stream is
}

// Stage is how far a receiver is with its stream.
type Stage int

// The stages.
const (
	StageReceiving Stage = iota
	StageWriting         // every byte is here
	StageWritten         // and is written, but the sender does not know
)

// Unreachable is what the last attempt to connect showed on each path, when none works.
type Unreachable []PathAnswer

// PathAnswer is what one path showed; Err is nil if there was no answer.
type PathAnswer struct {
	Path string
	Err  error
}

func (u Unreachable) Error() string {
	parts := make([]string, len(u))
	for i, a := range u {
		if parts[i] = a.Path + ": no answer"; a.Err != nil {
			parts[i] = a.Path + ": " + a.Err.Error()
		}
	}
	return strings.Join(parts, "; ")
}

// BlackHole is a path that lets only small packets through.
type BlackHole struct {
	Path  string // where its peer dials it has no name but its number, "path 1 from 192.0.2.1"
	Bytes int64  // size of a packet that does not arrive
}

func (b BlackHole) Error() string {
	return fmt.Sprintf("path %v: connections come up, but packets of %d bytes do not arrive: "+
		"is the MTU smaller along the way (see tcp_mtu_probing in viamillipede doctor)?", strings.TrimPrefix(b.Path, "path "), b.Bytes)
}

// Refused is a connection that is no link of the stream: the first from its host.
type Refused struct {
	From net.Addr
	Err  error
}

// RefusedMore counts connections that were refused without an event of their own, since the last such event.
type RefusedMore struct {
	Total  uint64
	Hosts  []RefusedHost // those that connected most often
	Others uint64        // how many of Total came from other hosts
}

// RefusedHost is one of those hosts. Host is an address, or the network that is counted as one host.
type RefusedHost struct {
	Host  string
	Count uint64
	Last  error // why the latest was refused
}

// Keeping is an end that serves many streams and has begun to: so many at once, with so much memory for each.
type Keeping struct {
	Addr   net.Addr
	Most   int
	Window int64 // bytes, of each end
	Ends   int   // of each stream, or pair of them
}

// Draining is such an end that takes no more streams, and lets those go on that are there.
type Draining struct{ Streams int }

// TurnAwaited is a peer that serves many streams, and has no place now. It has this end wait for its turn.
type TurnAwaited struct{ Path string }

// PeerWaits is a peer for which an end that serves many streams has no place yet. Before it are so many others.
type PeerWaits struct {
	From   net.Addr
	Before int
}

// SenderFailed is a sender that gave up before a leg of its stream was in: the receiver waits for the next one.
type SenderFailed struct{ From, Reason string }

// ReceiverLeft is a receiver that went away before it acknowledged a leg: the sender is free for another one, which gets the whole stream.
type ReceiverLeft struct{}

// SenderLeft is a sender that went away before a leg of its stream was in: the receiver is free.
type SenderLeft struct{}

// ConsumerStopped is a consumer that stopped reading before the end of the stream, with the user's permission.
type ConsumerStopped struct {
	Sink   string // whose consumer it was, for people
	Given  uint64 // bytes that it was given
	Unread uint64 // how many of them it left
	Whole  bool   // the end of the stream is known here
	Total  uint64 // if so, the stream's length in bytes
}

// PeerConsumerStopped is the same event at the receiver, as the sender sees it.
type PeerConsumerStopped struct{ Read uint64 }

// ResumeMissing: one end was told to resume and the other one was not, so the whole stream is sent.
type ResumeMissing struct{}

// ChecksumMissing: checksums were asked for at the receiver but not at the sender, so nothing is checked.
type ChecksumMissing struct{}

// FirstWire: the stream is of version 1 of the wire, in which nothing is acknowledged and nothing is sent again.
type FirstWire struct{ Sender bool } // which end it is

// SinkNotCut is a file that may be longer than what was delivered to it.
type SinkNotCut struct{ Err error }

// AddressAwaited is a local address to listen on that does not exist now.
type AddressAwaited struct {
	Addr netip.Addr
	Err  error
}

// WindowCut is a window that does not fit into the memory available.
type WindowCut struct{ Asked, Fits int64 } // bytes

// LinksCut means that there are fewer links than wanted.
type LinksCut struct {
	Links  int
	Wanted int // 0: as many as the peer likes
	Err    error
}

// Fault is a fault in the program. It costs the stream, or less.
type Fault struct {
	Where string
	Panic any
	Stack []byte // nil: it would be no help
}

func (Outage) level() Level              { return LevelError }
func (Refused) level() Level             { return LevelError }
func (RefusedMore) level() Level         { return LevelError }
func (SenderFailed) level() Level        { return LevelError }
func (Keeping) level() Level             { return LevelError }
func (Draining) level() Level            { return LevelError }
func (TurnAwaited) level() Level         { return LevelError }
func (PeerWaits) level() Level           { return LevelLinks }
func (SenderLeft) level() Level          { return LevelLinks }
func (ReceiverLeft) level() Level        { return LevelLinks }
func (ConsumerStopped) level() Level     { return LevelError }
func (PeerConsumerStopped) level() Level { return LevelError }
func (ResumeMissing) level() Level       { return LevelError }
func (ChecksumMissing) level() Level     { return LevelError }
func (FirstWire) level() Level           { return LevelError }
func (SinkNotCut) level() Level          { return LevelError }
func (AddressAwaited) level() Level      { return LevelError }
func (WindowCut) level() Level           { return LevelError }
func (LinksCut) level() Level            { return LevelSummary }
func (Fault) level() Level               { return LevelError }
