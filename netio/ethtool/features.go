package ethtool

import (
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Features are what a device and its driver do for the kernel, by the kernel's names (net/ethtool/common.c), which are those
// of ethtool -k in full: "rx-gro", "rx-lro", "tx-tcp-segmentation", "tx-tcp6-segmentation", "tx-generic-segmentation".
type Features struct {
	On      map[string]bool // at work now
	Offered map[string]bool // can be switched, on or off
}

// ReadFeatures reads the features of a device. On error, see the package.
func ReadFeatures(device string) (Features, error) {
	var f Features
	err := ask("features", unix.ETHTOOL_MSG_FEATURES_GET, device, f.parse)
	return f, err
}

func (f *Features) parse(b []byte) error {
	got := Features{On: map[string]bool{}, Offered: map[string]bool{}}
	err := each(b, func(kind uint16, d *netlink.AttributeDecoder) {
		switch kind {
		case unix.ETHTOOL_A_FEATURES_ACTIVE:
			d.Do(bitsInto(got.On))
		case unix.ETHTOOL_A_FEATURES_HW:
			d.Do(bitsInto(got.Offered))
		}
	})
	if err != nil {
		return err
	}
	*f = got
	return nil
}

// bitsInto reads a set of bits with names into set. It comes as a list, of the bits that are set where it has no mask, and
// else of all that the mask has, each with or without a value:
//
//	BITSET { NOMASK?, SIZE, BITS { BIT { INDEX, NAME, VALUE? } ... } }
func bitsInto(set map[string]bool) func([]byte) error {
	return func(b []byte) error {
		var list []byte
		var bare bool
		err := each(b, func(kind uint16, d *netlink.AttributeDecoder) {
			switch kind {
			case unix.ETHTOOL_A_BITSET_NOMASK:
				bare = d.Flag()
			case unix.ETHTOOL_A_BITSET_BITS:
				list = d.Bytes()
			}
		})
		if err != nil {
			return err
		}
		return each(list, func(kind uint16, d *netlink.AttributeDecoder) {
			if kind == unix.ETHTOOL_A_BITSET_BITS_BIT {
				d.Do(func(b []byte) error { return oneBit(b, bare, set) })
			}
		})
	}
}

// oneBit puts a bit's name into set if it is set, which bits without a value are.
func oneBit(b []byte, bare bool, set map[string]bool) error {
	var name string
	on := bare
	err := each(b, func(kind uint16, d *netlink.AttributeDecoder) {
		switch kind {
		case unix.ETHTOOL_A_BITSET_BIT_NAME:
			name = d.String()
		case unix.ETHTOOL_A_BITSET_BIT_VALUE:
			on = d.Flag()
		}
	})
	if err == nil && on && name != "" {
		set[name] = true
	}
	return err
}
