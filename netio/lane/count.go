package lane

import (
	"errors"
	"fmt"

	"github.com/vishvananda/netlink"
)

// Sent gives the bytes that each lane's device has sent since it was made, in the order of the lanes: with all headers but
// those of the wire itself, and by whomever. Some drivers ask their card for it only now and then, up to once a second. It
// takes some 20 us a lane.
func (s Set) Sent() ([]uint64, error) {
	sent := make([]uint64, len(s.Lanes))
	for i, l := range s.Lanes {
		link, err := netlink.LinkByIndex(l.Index)
		if err == nil && link.Attrs().Statistics == nil {
			err = errors.New("the kernel gives no counts")
		}
		if err != nil {
			return nil, fmt.Errorf("device %s: %w", l.Name, err)
		}
		sent[i] = link.Attrs().Statistics.TxBytes
	}
	return sent, nil
}
