package lab

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
)

// Shaping: a token bucket of 1/shapeBurstHz s at the rate, but never smaller than a packet as the kernel hands it down
// (64 KiB before segmentation), and a queue behind it.
const (
	shapeBurstHz = 100       // a bucket holds 1/100 s
	shapeLeast   = 128 << 10 // bytes
	shapeQueue   = 1 << 20   // bytes that may wait; any more are dropped
)

// nowhere is a link-layer address that no device of a lab has; packets sent there arrive and are ignored.
var nowhere = net.HardwareAddr{0x02, 0, 0, 0, 0, 0x01}

// PathDown takes path i down at its tx side: the sender's kernel knows, the receiver sees no carrier.
func (l *Lab) PathDown(i int) error { return l.EndDown(TX, i) }

// PathUp brings path i back after PathDown.
func (l *Lab) PathUp(i int) error { return l.EndUp(TX, i) }

// EndDown takes one end of path i down.
func (l *Lab) EndDown(side Side, i int) error { return l.onDevice(side, i, netlink.LinkSetDown) }

// EndUp brings one end of path i up again. When it returns, packets pass unless the other end is down.
func (l *Lab) EndUp(side Side, i int) error {
	if err := l.onDevice(side, i, netlink.LinkSetUp); err != nil || i >= l.veths {
		return err
	}
	down := false
	err := l.onDevice(side.other(), i, func(dev netlink.Link) error {
		down = dev.Attrs().Flags&net.FlagUp == 0
		return nil
	})
	if err != nil || down {
		return err
	}
	return l.awaitCarriers(i)
}

const (
	carrierTime = 30 * time.Second     // the most that the kernel may take on a busy machine
	carrierLook = 5 * time.Millisecond // between two looks
)

// awaitCarriers waits until both ends of path i are ready to send. The kernel notices a carrier late if it has many to
// look at (net/core/link_watch.c): until then a device drops what it should send, and multipath routes leave it out.
func (l *Lab) awaitCarriers(i int) error {
	return errors.Join(l.awaitCarrier(TX, i), l.awaitCarrier(RX, i))
}

func (l *Lab) awaitCarrier(side Side, i int) error {
	for late := time.Now().Add(carrierTime); ; time.Sleep(carrierLook) {
		up := false
		err := l.onDevice(side, i, func(dev netlink.Link) error {
			up = dev.Attrs().OperState == netlink.OperUp
			return nil
		})
		if up || err != nil {
			return err
		}
		if time.Now().After(late) {
			return fmt.Errorf("path %d, %v side: no carrier after %v", i, side, carrierTime)
		}
	}
}

// AddAddress gives one end of path i another address.
func (l *Lab) AddAddress(side Side, i int, ip string) error {
	return l.onDevice(side, i, func(dev netlink.Link) error {
		host := &net.IPNet{IP: net.ParseIP(ip).To4(), Mask: net.CIDRMask(24, 32)}
		return netlink.AddrAdd(dev, &netlink.Addr{IPNet: host})
	})
}

// Shape limits path i to bitsPerSecond in each direction (tc-tbf(8)); 0 removes the limit.
func (l *Lab) Shape(i int, bitsPerSecond uint64) error {
	rate := bitsPerSecond / 8
	return l.onBoth(i, func(dev netlink.Link) error {
		attrs := netlink.QdiscAttrs{
			LinkIndex: dev.Attrs().Index,
			Handle:    netlink.MakeHandle(1, 0),
			Parent:    netlink.HANDLE_ROOT,
		}
		if rate == 0 {
			return gone(netlink.QdiscDel(&netlink.Tbf{QdiscAttrs: attrs}))
		}
		burst := uint32(max(rate/shapeBurstHz, shapeLeast))
		return netlink.QdiscReplace(&netlink.Tbf{
			QdiscAttrs: attrs,
			Rate:       rate,
			Limit:      burst + shapeQueue,
			Buffer:     netlink.Xmittime(rate, burst),
		})
	})
}

// Blackhole makes path i swallow every packet, in both directions, with its devices up and its routes in place: the
// neighbour's entry is pinned to an address that nobody has. This also works on kernels without packet filters. Heal ends
// it, and so does PathDown, which flushes neighbours. Delayed paths have no neighbours: it is an error there.
func (l *Lab) Blackhole(i int) error { return l.neighbour(i, netlink.NeighSet) }

// Heal ends Blackhole; the kernel resolves the true address at the next packet. Healing a healthy path is not an error.
func (l *Lab) Heal(i int) error {
	return l.neighbour(i, func(n *netlink.Neigh) error { return gone(netlink.NeighDel(n)) })
}

func (l *Lab) neighbour(i int, change func(*netlink.Neigh) error) error {
	if i >= l.veths {
		return fmt.Errorf("path %d: %w", i, errNoNeighbour)
	}
	for side := range l.sides {
		side := Side(side)
		err := l.onDevice(side, i, func(dev netlink.Link) error {
			return change(&netlink.Neigh{
				LinkIndex:    dev.Attrs().Index,
				Family:       netlink.FAMILY_V4,
				State:        netlink.NUD_PERMANENT,
				IP:           address(side.other(), i),
				HardwareAddr: nowhere,
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *Lab) onBoth(i int, change func(netlink.Link) error) error {
	if err := l.onDevice(TX, i, change); err != nil {
		return err
	}
	return l.onDevice(RX, i, change)
}

// onDevice runs change in the side's namespace with path i's device.
func (l *Lab) onDevice(side Side, i int, change func(netlink.Link) error) error {
	err := l.sides[side].do(func() error {
		dev, err := netlink.LinkByName(device(i))
		if err != nil {
			return err
		}
		return change(dev)
	})
	if err != nil {
		return fmt.Errorf("path %d, %v side: %w", i, side, err)
	}
	return nil
}

// gone ignores the error of removing what does not exist.
func gone(err error) error {
	if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.EINVAL) {
		return nil
	}
	return err
}
