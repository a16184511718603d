package engine

import (
	"time"

	"viamillipede/engine/observe"
	"viamillipede/netio/sockstats"
)

// stateNone is that of a link that is not wanted.
const stateNone observe.State = -1

// linkStatus is how a link stands, as its loop says, and where to read what was counted on it.
type linkStatus struct {
	observe.LinkStatus
	counted *sockstats.Link // nil: no socket statistics
}

// read adds what was counted on the link. It walks through a map, so it does not run on a loop's thread.
func (l linkStatus) read() observe.LinkStatus {
	if l.counted != nil {
		stats := l.counted.Read()
		l.Counts = &stats
	}
	return l.LinkStatus
}

// status describes the link, which has carried so many bytes, and whose peer beats so often; on its loop's thread.
func (k *Link) status(carried uint64, inFlight int, beat time.Duration) linkStatus {
	l := linkStatus{observe.LinkStatus{
		Index: k.index, Path: k.name, Order: -1, State: observe.StateUp, Since: k.upSince, Loop: k.loop.ID, Bytes: k.bytes,
		Rate: k.pulse.Rate(k.loop.Now, carried), Heard: k.heard, Kernel: k.conn.Info(), InFlight: inFlight,
	}, k.counted}
	if k.loop.Now.Sub(k.heard) >= silentBeats*beat {
		l.State, l.Since = observe.StateStalled, k.heard
	}
	return l
}

// silentBeats is how many heartbeats of the peer have to be missing before a link counts as stalled.
const silentBeats = 2
