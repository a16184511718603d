package lane

import (
	"errors"
	"fmt"

	"github.com/vishvananda/netlink"
)

// Sent returns the bytes that each lane's device has sent since it was created, in the order of the lanes: everybody's,
// and with all headers except those of the wire itself. Some drivers read the count from their card only now and then,
// sometimes once a second. It takes about 20 us per lane.
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
