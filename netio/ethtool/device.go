package ethtool

import (
	"math"

	"golang.org/x/sys/unix"

	"viamillipede/netio/internal/attr"
)

// Amounts is how many of something there are, and how many there can be.
type Amounts struct {
	Now, Most uint32
}

// Rings are the lengths of the device's queues, in packets each. What a driver does not have is 0 of 0.
type Rings struct {
	RX, TX Amounts
}

// ReadRings reads the lengths of a device's rings. On error, see the package.
func ReadRings(device string) (Rings, error) {
	var r Rings
	err := ask("rings", unix.ETHTOOL_MSG_RINGS_GET, device, r.parse)
	return r, err
}

func (r *Rings) parse(b []byte) error {
	return numbers(b, map[uint16]*uint32{
		unix.ETHTOOL_A_RINGS_RX: &r.RX.Now, unix.ETHTOOL_A_RINGS_RX_MAX: &r.RX.Most,
		unix.ETHTOOL_A_RINGS_TX: &r.TX.Now, unix.ETHTOOL_A_RINGS_TX_MAX: &r.TX.Most,
	})
}

// Channels are the queues of a device. A channel is an interrupt with its queues: a combined one has a queue in each
// direction. What a driver does not have is 0 of 0.
type Channels struct {
	RX, TX, Combined Amounts
}

// ReadChannels reads how many queues a device has. On error, see the package.
func ReadChannels(device string) (Channels, error) {
	var c Channels
	err := ask("channels", unix.ETHTOOL_MSG_CHANNELS_GET, device, c.parse)
	return c, err
}

func (c *Channels) parse(b []byte) error {
	return numbers(b, map[uint16]*uint32{
		unix.ETHTOOL_A_CHANNELS_RX_COUNT: &c.RX.Now, unix.ETHTOOL_A_CHANNELS_RX_MAX: &c.RX.Most,
		unix.ETHTOOL_A_CHANNELS_TX_COUNT: &c.TX.Now, unix.ETHTOOL_A_CHANNELS_TX_MAX: &c.TX.Most,
		unix.ETHTOOL_A_CHANNELS_COMBINED_COUNT: &c.Combined.Now, unix.ETHTOOL_A_CHANNELS_COMBINED_MAX: &c.Combined.Most,
	})
}

// Link is what a device's port has negotiated with the other end of its cable.
type Link struct {
	Speed  uint64 // bits a second; 0 unknown, as on virtual devices and without a carrier
	Duplex string // "full", "half" or "" unknown
}

// ReadLink reads the speed of a device. On error, see the package.
func ReadLink(device string) (Link, error) {
	var l Link
	err := ask("speed", unix.ETHTOOL_MSG_LINKMODES_GET, device, l.parse)
	return l, err
}

func (l *Link) parse(b []byte) error {
	return attr.Each(b, func(kind uint16, v attr.Value) error {
		switch kind {
		case unix.ETHTOOL_A_LINKMODES_SPEED:
			l.Speed = 0
			if n := v.Uint32(); n < math.MaxInt32 { // SPEED_UNKNOWN is -1
				l.Speed = uint64(n) * 1e6
			}
		case unix.ETHTOOL_A_LINKMODES_DUPLEX:
			l.Duplex = map[uint8]string{0: "half", 1: "full"}[v.Uint8()]
		}
		return nil
	})
}
