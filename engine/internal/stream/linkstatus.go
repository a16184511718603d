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

// readAll adds what was counted on each link. It walks through a map, so it does not run on a loop's thread.
func readAll(told []LinkStatus) []observe.LinkStatus {
	var links []observe.LinkStatus
	var counted []*sockstats.Link
	for _, l := range told {
		links = append(links, l.LinkStatus)
		if l.counted != nil {
			counted = append(counted, l.counted)
		}
	}
	counts := sockstats.ReadAll(counted)
	for i := range links {
		if told[i].counted != nil {
			links[i].Counts, counts = &counts[0], counts[1:]
		}
	}
	return links
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
