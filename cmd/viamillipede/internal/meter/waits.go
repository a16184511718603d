package meter

import "viamillipede/engine/observe"

// Place is a part of a stream that the rest waits for.
type Place int

// The places.
const (
	Nowhere Place = iota // it cannot be told, or nothing is waited for
	Source               // there is nothing to send
	Links                // the network takes no more, or nothing gets through, or the peer is not there
	Sink                 // the consumer takes no more
)

// String is the place as users know it.
func (p Place) String() string { return [...]string{"", "source", "links", "sink"}[p] }

// nearlyFull is the part of a window, in eighths, from which on it counts as full.
const nearlyFull = 7

// Waits is what a stream waits for: what would have to be faster for the stream to be faster.
func Waits(s observe.Snapshot) Place {
	switch {
	case s.Ended:
		return Nowhere
	case linksUp(s.Links) == 0:
		return Links
	case s.Summary.Sender:
		return senderWaits(s)
	}
	return receiverWaits(s.Ring)
}

// senderWaits is Waits for a sender with links. A link without a leg is one for which there is nothing to send, or no room.
func senderWaits(s observe.Snapshot) Place {
	w := s.Window
	switch {
	case s.First != nil:
		return Nowhere // nothing is acknowledged
	case w == nil:
		return Links
	}
	written, onTheWay := w.Received-w.Delivered, w.Next-w.Received
	if 8*(w.Next-w.Delivered) >= nearlyFull*w.Credit || 8*w.Kept >= nearlyFull*w.Limit {
		if written >= onTheWay {
			return Sink
		}
		return Links
	}
	for _, l := range s.Links {
		if l.Up() && l.State == observe.StateUp && l.InFlight == 0 {
			if onTheWay == 0 && written > 0 {
				return Sink // nothing more may come: the source has ended, or waits too
			}
			return Source
		}
	}
	return Links
}

// receiverWaits is Waits for a receiver with links.
func receiverWaits(r *observe.RingStatus) Place {
	switch {
	case r == nil:
		return Links
	case r.SinkFull:
		return Sink
	case r.Depth > 0:
		return Links // later legs are here, and the next one is not
	}
	return Source
}

// linksUp counts the links that exist.
func linksUp(links []observe.LinkStatus) (up int) {
	for _, l := range links {
		if l.Up() {
			up++
		}
	}
	return up
}
