package engine

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// Events of the stream as a whole, which its user has to know of, and of those who are no part of it.

// Phase is how far an outage is.
type Phase int

// The phases: one that begins lasts, mostly more than once, and ends.
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

// Outage is a stream of whose payload nothing gets through: first contact that is waited for, or links that are lost or stand still. A
// stream that fails has no end of its outage.
type Outage struct {
	Sender bool // which end it is
	Phase  Phase
	First  bool      // the peer was not met yet
	Since  time.Time // nothing got through since then
	At     time.Time // now; of OutageEnds, when something got through again
	Until  time.Time // it is waited for until then; zero: for ever
	Limit  Limit     // that says so
	Links  int       // that are up all the same
	Why    error     // at a sender, of one that is not at its end: what the paths have shown, an Unreachable or a BlackHole; nil: nothing
	Paths  []string  // at a sender, at the end: those that have a link
	Door   net.Addr  // at a receiver, of First: where it listens; nil: the kernel had no memory to say
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

// Unreachable is what each path's last attempt to connect has shown, where none works.
type Unreachable []PathAnswer

// PathAnswer is that of one path; Err is nil where there was no answer.
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
	Path  string
	Bytes int64 // of a packet that does not arrive
}

func (b BlackHole) Error() string {
	return fmt.Sprintf("path %v: connections come up, but packets of %d bytes do not arrive: "+
		"is the MTU smaller along the way (see tcp_mtu_probing in viamillipede doctor)?", b.Path, b.Bytes)
}

// Refused is a connection that is no link of the stream: the first of its host.
type Refused struct {
	From net.Addr
	Err  error
}

// RefusedMore are connections that were refused and had no event of their own, since the last such event.
type RefusedMore struct {
	Total  uint64
	Hosts  []RefusedHost // those that came most often
	Others uint64        // of Total, those of other hosts
}

// RefusedHost is one host of them. Host is an address, or the network that is taken for one host.
type RefusedHost struct {
	Host  string
	Count uint64
	Last  error // why the latest was refused
}

// SenderFailed is a sender that gave up before a leg of it was in: the receiver waits for the next one.
type SenderFailed struct{ From, Reason string }

// SenderLeft is a sender that went away before a leg of it was in: the receiver is free.
type SenderLeft struct{}

// ConsumerStopped is a consumer that stopped reading before the end of the stream, which the user allows.
type ConsumerStopped struct {
	Given  uint64 // bytes that it was given
	Unread uint64 // of them
	Whole  bool   // the end of the stream is here
	Total  uint64 // then: the stream's bytes
}

// PeerConsumerStopped is the same at the receiver, in the eyes of the sender.
type PeerConsumerStopped struct{ Read uint64 }

// ChecksumMissing is a checksum that is asked for at the receiver and not at the sender, so that nothing is checked.
type ChecksumMissing struct{}

// SinkNotCut is a file that may be longer than what was delivered to it.
type SinkNotCut struct{ Err error }

// AddressAwaited is a local address to listen on that is not there.
type AddressAwaited struct {
	Addr netip.Addr
	Err  error
}

// WindowCut is a window that does not fit into the memory that is granted.
type WindowCut struct{ Asked, Fits int64 } // bytes

// LinksCut are fewer links than wanted.
type LinksCut struct {
	Links  int
	Wanted int // 0: as many as the peer likes
	Err    error
}

// Fault is a fault in the program. It costs the stream, or less.
type Fault struct {
	Where string
	Panic any
	Stack []byte // nil: of no use
}

func (Outage) level() Level              { return LevelError }
func (Refused) level() Level             { return LevelError }
func (RefusedMore) level() Level         { return LevelError }
func (SenderFailed) level() Level        { return LevelError }
func (SenderLeft) level() Level          { return LevelLinks }
func (ConsumerStopped) level() Level     { return LevelError }
func (PeerConsumerStopped) level() Level { return LevelError }
func (ChecksumMissing) level() Level     { return LevelError }
func (SinkNotCut) level() Level          { return LevelError }
func (AddressAwaited) level() Level      { return LevelError }
func (WindowCut) level() Level           { return LevelError }
func (LinksCut) level() Level            { return LevelSummary }
func (Fault) level() Level               { return LevelError }
