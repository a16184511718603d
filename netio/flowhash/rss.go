package flowhash

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// RSS is how a network card chooses a receive queue: `ethtool -x` shows all of it. It can be overruled by filters
// (`ethtool -N`, accelerated RFS), which are not covered. Drivers draw the key at random when the machine starts
// (netdev_rss_key_fill, net.core.netdev_rss_key), so it has to be read from the machine that receives.
type RSS struct {
	Function      string   // "toeplitz", which "" is too; others are not computed, see Check
	Key           []byte   // 40 bytes or more, the rest is not used for TCP
	Table         []uint32 // the queue by the low bits of the hash: the indirection table, a power of two of entries
	AddressesOnly bool     // ports are left out (`ethtool -n DEVICE rx-flow-hash tcp4` names the addresses alone)
}

// keySize is what the longest input takes: 36 bytes of IPv6 addresses and ports, and a window of 4.
const keySize = 40

// Check says why the queue cannot be told: a function that is not Toeplitz, a short key, or a table that is empty or not a
// power of two, which cards index in ways of their own. Lane knows nothing then.
//
// Of the others, "xor" (offered by mlx5 and mlx4) and "crc32" are the card's own affair, and "symmetric-xor" and
// "symmetric-or-xor" (linux/ethtool.h, RXH_XFRM_SYM_XOR) change the input so that both directions of a connection hash alike.
// There are no published vectors to prove them with.
func (r RSS) Check() error {
	switch {
	case r.Function != "" && r.Function != "toeplitz":
		return fmt.Errorf("RSS hash function %q is not computed, toeplitz is", r.Function)
	case len(r.Key) < keySize:
		return fmt.Errorf("RSS key of %d bytes, expected %d or more", len(r.Key), keySize)
	case len(r.Table) == 0:
		return errors.New("RSS without an indirection table")
	case len(r.Table)&(len(r.Table)-1) != 0:
		return fmt.Errorf("RSS indirection table of %d entries, expected a power of two", len(r.Table))
	}
	return nil
}

// Queues gives how many lanes there are: the highest queue of the table and one.
func (r RSS) Queues() int {
	if len(r.Table) == 0 {
		return 0
	}
	return int(slices.Max(r.Table)) + 1
}

// Hash is Toeplitz over source address, destination address and, with ports, source port and destination port, as they are
// on the wire (Microsoft, "RSS Hashing Functions"). Where Check fails it is a number without a meaning.
func (r RSS) Hash(f Flow, withPorts bool) uint32 {
	src, dst := f.addresses()
	input := make([]byte, 0, 36)
	input = append(append(input, src...), dst...)
	if withPorts {
		input = binary.BigEndian.AppendUint16(input, f.Src.Port())
		input = binary.BigEndian.AppendUint16(input, f.Dst.Port())
	}
	return toeplitz(r.Key, input)
}

// toeplitz is the XOR of one 32-bit window of the key for each bit of the input that is set: bit i, counted from the left, has
// the window that starts at bit i of the key. Beyond its end a key is zeros.
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

// Queue gives the receive queue of a flow, as a card sees it that receives it; 0 where Check fails.
func (r RSS) Queue(f Flow) int {
	queue, _ := r.Lane(f)
	return queue
}

// Lane is Queue, and whether it can be told.
func (r RSS) Lane(f Flow) (lane int, known bool) {
	if r.Check() != nil || !f.valid() {
		return 0, false
	}
	return r.entry(r.Hash(f, !r.AddressesOnly)), true
}

func (r RSS) entry(hash uint32) int { return int(r.Table[hash&uint32(len(r.Table)-1)]) }

// Candidates prepares for trying ports. Toeplitz is linear, the hash of a XOR b is the XOR of their hashes, so a port costs
// two look-ups: what its low and its high byte add to the hash of the same flow from port 0.
func (r RSS) Candidates(f Flow) func(port uint16) (lane int, known bool) {
	if r.Check() != nil || !f.valid() {
		return Unknown("").Candidates(f)
	}
	if r.AddressesOnly {
		lane := r.entry(r.Hash(f, false))
		return func(uint16) (int, bool) { return lane, true }
	}
	base := r.Hash(f.from(0), true)
	low, high := r.portTables(f)
	return func(port uint16) (int, bool) {
		return r.entry(base ^ low[port&0xFF] ^ high[port>>8]), true
	}
}

// portTables gives what each byte of a source port adds to a hash: the 16 constants of its bits, combined.
func (r RSS) portTables(f Flow) (low, high *[256]uint32) {
	src, dst := f.addresses()
	input := make([]byte, len(src)+len(dst)+2) // zeros, but for one bit of the source port
	at := len(src) + len(dst)
	constant := func(port uint16) uint32 {
		binary.BigEndian.PutUint16(input[at:], port)
		return toeplitz(r.Key, input)
	}
	low, high = new([256]uint32), new([256]uint32)
	for i := 1; i < 256; i++ {
		lowest := i & -i
		if i == lowest {
			low[i], high[i] = constant(uint16(i)), constant(uint16(i)<<8)
			continue
		}
		low[i], high[i] = low[i-lowest]^low[lowest], high[i-lowest]^high[lowest]
	}
	return low, high
}

// ParseKey reads an RSS key as ethtool and net.core.netdev_rss_key show it: "6d:5a:56:..", two digits a byte, colons
// between, blanks around. The error is one of another form, or of zeros alone, which is what the sysctl shows as long as
// no driver has asked for a key.
func ParseKey(text string) ([]byte, error) {
	fields := strings.Split(strings.TrimSpace(text), ":")
	key := make([]byte, 0, len(fields))
	for _, field := range fields {
		b, err := hex.DecodeString(field)
		if err != nil || len(b) != 1 {
			return nil, fmt.Errorf("RSS key: expected two hexadecimal digits, got %q", field)
		}
		key = append(key, b[0])
	}
	if !slices.ContainsFunc(key, func(b byte) bool { return b != 0 }) {
		return nil, errors.New("RSS key: all zeros, none was drawn")
	}
	return key, nil
}
