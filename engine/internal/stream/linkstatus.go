package stream

import (
	"time"

	"viamillipede/engine/observe"
	"viamillipede/netio/sockstats"
)

// StateNone is that of a link that is not wanted.
const StateNone observe.State = -1

// LinkStatus is how a link stands, as its loop says, and where to read what was counted on it.
type LinkStatus struct {
	observe.LinkStatus
	counted *sockstats.Link // nil: no socket statistics
}

// read adds what was counted on the link. It walks through a map, so it does not run on a loop's thread.
func (l LinkStatus) read() observe.LinkStatus {
	if l.counted != nil {
		stats := l.counted.Read()
		l.Counts = &stats
	}
	return l.LinkStatus
}

// Describe says how the link stands, which has carried so many bytes, and whose peer beats so often; on its loop's thread.
func (k *Link) Describe(carried uint64, inFlight int, beat time.Duration) LinkStatus {
	l := LinkStatus{observe.LinkStatus{
		Index: k.Index, Path: k.Name, Order: -1, State: observe.StateUp, Since: k.UpSince, Loop: k.Loop.ID, Bytes: k.Bytes,
		Rate: k.Pulse.rate(k.Loop.Now, carried), Heard: k.Heard, Kernel: k.Conn.Info(), InFlight: inFlight,
	}, k.counted}
	if k.Loop.Now.Sub(k.Heard) >= silentBeats*beat {
		l.State, l.Since = observe.StateStalled, k.Heard
	}
	return l
}

// silentBeats is how many heartbeats of the peer have to be missing before a link counts as stalled.
const silentBeats = 2
