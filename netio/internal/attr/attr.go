// Package attr reads the attributes of netlink messages (netlink(7), rtnetlink(7)): those that the netlink module does
// not read itself.
package attr

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// Value is the content of an attribute.
type Value []byte

// Uint32 is a number of 4 bytes in host byte order; 0 if the value has fewer or more.
func (v Value) Uint32() uint32 {
	if len(v) != 4 {
		return 0
	}
	return binary.NativeEndian.Uint32(v)
}

// Uint8 is a number of one byte; 0 if the value has another length.
func (v Value) Uint8() uint8 {
	if len(v) != 1 {
		return 0
	}
	return v[0]
}

// String is the text before the terminating zero byte.
func (v Value) String() string {
	text, _, _ := bytes.Cut(v, []byte{0})
	return string(text)
}

// Each calls take for every attribute, with its type stripped of flags; value is a part of b. It stops at an error from
// take, or with an error at an attribute that is longer than the bytes left.
//
//	len u16 | type u16 | value, padded to a multiple of 4 | len ...
func Each(b []byte, take func(kind uint16, value Value) error) error {
	for len(b) >= unix.SizeofRtAttr {
		n := int(binary.NativeEndian.Uint16(b))
		if n < unix.SizeofRtAttr || n > len(b) {
			return fmt.Errorf("a netlink attribute of %d bytes, where there are %d", n, len(b))
		}
		kind := binary.NativeEndian.Uint16(b[2:]) &^ (unix.NLA_F_NESTED | unix.NLA_F_NET_BYTEORDER)
		if err := take(kind, b[unix.SizeofRtAttr:n:n]); err != nil {
			return err
		}
		b = b[min(len(b), (n+unix.NLA_ALIGNTO-1)&^(unix.NLA_ALIGNTO-1)):]
	}
	return nil
}
