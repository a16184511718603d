package ethtool

import (
	"golang.org/x/sys/unix"

	"viamillipede/netio/internal/attr"
)

// Features are what a device and its driver do for the kernel, by the kernel's names (net/ethtool/common.c), which are those
// of ethtool -k in full: "rx-gro", "rx-lro", "tx-tcp-segmentation", "tx-tcp6-segmentation", "tx-generic-segmentation".
type Features struct {
	On      map[string]bool // at work now
	Offered map[string]bool // can be switched on or off
}

// ReadFeatures reads the features of a device. On error, see the package.
func ReadFeatures(device string) (Features, error) {
	var f Features
	err := ask("features", unix.ETHTOOL_MSG_FEATURES_GET, device, f.parse)
	return f, err
}

func (f *Features) parse(b []byte) error {
	got := Features{On: map[string]bool{}, Offered: map[string]bool{}}
	err := attr.Each(b, func(kind uint16, v attr.Value) error {
		switch kind {
		case unix.ETHTOOL_A_FEATURES_ACTIVE:
			return bitsInto(v, got.On)
		case unix.ETHTOOL_A_FEATURES_HW:
			return bitsInto(v, got.Offered)
		}
		return nil
	})
	if err != nil {
		return err
	}
	*f = got
	return nil
}

// bitsInto reads a set of named bits into set. It comes as a list: without a mask, of the bits that are set; with a mask,
// of all bits in the mask, each with or without a value:
//
//	BITSET { NOMASK?, SIZE, BITS { BIT { INDEX, NAME, VALUE? } ... } }
func bitsInto(b []byte, set map[string]bool) error {
	var list []byte
	var bare bool
	err := attr.Each(b, func(kind uint16, v attr.Value) error {
		switch kind {
		case unix.ETHTOOL_A_BITSET_NOMASK:
			bare = true
		case unix.ETHTOOL_A_BITSET_BITS:
			list = v
		}
		return nil
	})
	if err != nil {
		return err
	}
	return attr.Each(list, func(kind uint16, v attr.Value) error {
		if kind != unix.ETHTOOL_A_BITSET_BITS_BIT {
			return nil
		}
		return oneBit(v, bare, set)
	})
}

// oneBit puts a bit's name into set if the bit is set. In a bare set, one without a mask, every bit listed is set.
func oneBit(b []byte, bare bool, set map[string]bool) error {
	var name string
	on := bare
	err := attr.Each(b, func(kind uint16, v attr.Value) error {
		switch kind {
		case unix.ETHTOOL_A_BITSET_BIT_NAME:
			name = v.String()
		case unix.ETHTOOL_A_BITSET_BIT_VALUE:
			on = true
		}
		return nil
	})
	if err == nil && on && name != "" {
		set[name] = true
	}
	return err
}
