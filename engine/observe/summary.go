package observe

import (
	"time"

	"viamillipede/netio/sockstats"
)

// Summary is what a stream did at one end.
type Summary struct {
	Sender      bool   // which end it is
	Bytes       uint64 // read from the source, or written to the sink
	Unsent      uint64 // of Bytes: holes, and what the receiver had already
	Elapsed     time.Duration
	LinksLost   uint64
	LegsResent  uint64        // at the sender; a receiver cannot tell
	BytesResent uint64        // likewise
	Cuts        uint64        // how many of the lost links chaos cut
	Refused     uint64        // strangers at a receiver
	Moved       uint64        // links at a receiver that moved to a loop nearer to their packets
	WindowFull  time.Duration // at the sender: how long the window, and nothing else, held the stream back
	EnginePath  EnginePath
	PeerBytes   *uint64        // the peer's count: delivered, at the sender; of the whole stream, at the receiver; nil: it has not said
	Coding      *CodingSummary // what the sidechain did; nil: there is none
	Paths       []PathSummary  // at the sender, in the order given
	Links       []LinkSummary  // by their index; only if a measurement asks for them
}

// CodingSummary is what a sidechain did at one end.
type CodingSummary struct {
	Chain string        // as the user named it, or as the sender did
	Level string        // of a chain that chooses: what it does now
	Raw   uint64        // bytes of the stream that went through it
	Coded uint64        // bytes that they became, or were before
	Legs  uint64        //
	Plain uint64        // of them: legs that went as they are, because the chain would not have made them shorter
	CPU   time.Duration // of the threads that code, and of the programs that have ended
}

// PathSummary is what one path did for a stream.
type PathSummary struct {
	Name        string
	Links       int           // up now
	Bytes       uint64        // of legs sent on it, including those sent again
	Share       float64       // of the bytes of all paths, 0 to 1
	Rate        uint64        // bytes per second, over the stream's time
	RTT         time.Duration // smoothed round trip, as last seen
	LinksLost   uint64
	RescuedFrom uint64  // legs that were late on it and were sent on another link too
	RescuedTo   uint64  // legs that were late elsewhere and were sent on it too
	NeverUp     bool    // it never had a link
	Last        error   // how its last attempt to connect failed; nil: it succeeded, or none has ended yet
	Head        float64 // share of the stream's time in which it carried the oldest missing leg, 0 to 1
}

// LinkSummary is what the links with one index did for a stream, one after the other: when a link is lost, the next one takes
// its place and its index.
type LinkSummary struct {
	Index       int
	Path        string           // of the latest link, for people
	Made        int              // how many there were
	Bytes       uint64           // of legs that went out or came in on them, including those that came twice
	Rate        uint64           // bytes per second, over the stream's time
	Retransmits uint64           // segments that this end's kernel sent again
	CPU         int              // where the latest link's packets last came in; -1: not known
	NAPI        int              // the receive queue of these packets, as the kernel numbers it; 0: none
	Flows       []sockstats.Flow // what came in on them, if socket statistics are at work
}

// Rate is bytes a second over the stream's time, of those that were sent.
func (s Summary) Rate() uint64 { return PerSecond(s.Bytes-min(s.Unsent, s.Bytes), s.Elapsed) }

// PerSecond is a rate in bytes a second.
func PerSecond(bytes uint64, d time.Duration) uint64 {
	if d <= 0 {
		return 0
	}
	return uint64(float64(bytes) / d.Seconds())
}
