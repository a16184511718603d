package lane

import (
	"errors"
	"fmt"

	"github.com/vishvananda/netlink"
)

// Count is what one lane's device has sent since it was made: with all headers but those of the wire itself, and by whomever.
// Some drivers ask their card for it only now and then, up to once a second.
type Count struct {
	Bytes, Packets uint64
}

// Sent reads the counts of all lanes, in their order. It takes some 20 us a lane.
func (s Set) Sent() ([]Count, error) {
	counts := make([]Count, len(s.Lanes))
	for i, l := range s.Lanes {
		link, err := netlink.LinkByIndex(l.Index)
		if err == nil && link.Attrs().Statistics == nil {
			err = errors.New("the kernel tells no counts")
		}
		if err != nil {
			return nil, fmt.Errorf("device %s: %w", l.Name, err)
		}
		counts[i] = Count{link.Attrs().Statistics.TxBytes, link.Attrs().Statistics.TxPackets}
	}
	return counts, nil
}
