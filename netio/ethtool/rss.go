package ethtool

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"

	"golang.org/x/sys/unix"

	"viamillipede/netio/internal/attr"
)

// RSS is how a device spreads received packets over its queues (receive side scaling, Documentation/networking/scaling.rst):
// a packet whose hash is h goes to queue Table[h%len(Table)].
type RSS struct {
	Key      []byte   // of the hash; mostly 40 or 52 bytes; nil if the driver does not report it
	Table    []uint32 // queues; nil if the driver does not report it
	Function string   // of the hash: "toeplitz", "xor", "crc32", "" unknown, or the number of a bit ("bit 5")
}

// Attributes of a reply about the spread (linux/ethtool_netlink.h, Linux 6.3) that x/sys does not define.
const (
	attrRSSFunction = 3 // u32, one bit of ETH_RSS_HASH_...
	attrRSSTable    = 4 // u32 each, in host byte order
	attrRSSKey      = 5
)

// ReadRSS reads the spread of a device. On error, see the package.
func ReadRSS(device string) (RSS, error) {
	var r RSS
	err := ask("receive side scaling", unix.ETHTOOL_MSG_RSS_GET, device, r.parse)
	return r, err
}

func (r *RSS) parse(b []byte) error {
	var got RSS
	var odd int
	err := attr.Each(b, func(kind uint16, v attr.Value) error {
		switch kind {
		case attrRSSFunction:
			got.Function = functionName(v.Uint32())
		case attrRSSTable:
			table := []byte(v)
			odd = len(table) % 4
			for ; len(table) >= 4; table = table[4:] {
				got.Table = append(got.Table, binary.NativeEndian.Uint32(table))
			}
		case attrRSSKey:
			got.Key = bytes.Clone(v)
		}
		return nil
	})
	if err == nil && odd != 0 {
		err = fmt.Errorf("a table with %d bytes more than whole numbers", odd)
	}
	if err != nil {
		return err
	}
	*r = got
	return nil
}

// functionName is the name of a bit ETH_RSS_HASH_... (linux/ethtool.h).
func functionName(set uint32) string {
	if bits.OnesCount32(set) != 1 {
		return ""
	}
	names := []string{"toeplitz", "xor", "crc32"}
	if bit := bits.TrailingZeros32(set); bit < len(names) {
		return names[bit]
	}
	return fmt.Sprintf("bit %d", bits.TrailingZeros32(set))
}
