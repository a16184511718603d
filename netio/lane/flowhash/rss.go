package flowhash

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// RSS is how a network card chooses a receive queue; `ethtool -x` shows all of it. Filters can overrule it (`ethtool -N`,
// accelerated RFS); they are not covered. The key is random, chosen when the machine starts (netdev_rss_key_fill,
// net.core.netdev_rss_key), so it must be read from the machine that receives.
type RSS struct {
	Function string   // "toeplitz", or "" for the same; others are not computed, see Check
	Key      []byte   // 40 bytes or more, the rest is not used for TCP
	Table    []uint32 // the indirection table: queues by the low bits of the hash; its length is a power of two
}

// keySize is what the longest input needs: 36 bytes of IPv6 addresses and ports, and a window of 4.
const keySize = 40

// Check says why the queue cannot be computed: the function is not Toeplitz, the key is short, or the table is empty or
// its length is not a power of two, which cards index in ways of their own. Lane then knows nothing.
//
// Of the other functions, "xor" (offered by mlx5 and mlx4) and "crc32" are specific to the card, and "symmetric-xor" and
// "symmetric-or-xor" (linux/ethtool.h, RXH_XFRM_SYM_XOR) change the input so that both directions of a connection hash
// alike. There are no published vectors to check them against.
func (r RSS) Check() error {
	switch {
	case r.Function != "" && r.Function != "toeplitz":
		return fmt.Errorf("RSS hash function %q is not supported, only toeplitz is", r.Function)
	case len(r.Key) < keySize:
		return fmt.Errorf("RSS key of %d bytes, expected %d or more", len(r.Key), keySize)
	case len(r.Table) == 0:
		return errors.New("RSS without an indirection table")
	case len(r.Table)&(len(r.Table)-1) != 0:
		return fmt.Errorf("RSS indirection table of %d entries, expected a power of two", len(r.Table))
	}
	return nil
}

// Hash is Toeplitz over source address, destination address, source port and destination port, as on the wire (Microsoft,
// "RSS Hashing Functions"). If Check fails the result is meaningless.
func (r RSS) Hash(f Flow) uint32 {
	src, dst := f.addresses()
	input := make([]byte, 0, 36)
	input = append(append(input, src...), dst...)
	input = binary.BigEndian.AppendUint16(input, f.Src.Port())
	input = binary.BigEndian.AppendUint16(input, f.Dst.Port())
	return toeplitz(r.Key, input)
}

// toeplitz is the XOR of 32-bit windows of the key, one for each set bit of the input: for bit i, counted from the left,
// the window that starts at bit i of the key. Beyond its end the key is zeros.
func toeplitz(key, input []byte) uint32 {
	var h uint32
	for i, b := range input {
		var window uint64 // 5 bytes of the key, for the 8 windows of this byte of the input
		for j := i; j < i+5; j++ {
			window <<= 8
			if j < len(key) {
				window |= uint64(key[j])
			}
		}
		for ; b != 0; b &= b - 1 {
			h ^= uint32(window >> (bits.TrailingZeros8(b) + 1))
		}
	}
	return h
}

// Lane returns the receive queue of a flow, seen from the card that receives it. known is false if Check fails or the
// flow is not valid. Lane cannot tell whether the card leaves ports out of the hash (`ethtool -n DEVICE rx-flow-hash
// tcp4` then lists only the addresses).
func (r RSS) Lane(f Flow) (lane int, known bool) {
	if r.Check() != nil || !f.valid() {
		return 0, false
	}
	return int(r.Table[r.Hash(f)&uint32(len(r.Table)-1)]), true
}
