package flowhash

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Policy is what a Linux bond hashes to choose the member that a frame leaves by (bonding.rst, xmit_hash_policy). The
// numbers are the kernel's.
type Policy uint8

const (
	Layer2     Policy = 0 // MAC addresses and frame type: one lane for one peer, whatever the ports
	Layer34    Policy = 1 // IP addresses and ports
	Layer23    Policy = 2 // MAC and IP addresses: one lane for one pair of addresses
	Encap23    Policy = 3 // as Layer23, and inside tunnels
	Encap34    Policy = 4 // as Layer34, and inside tunnels; but see Predictable
	VLANSrcMAC Policy = 5 // VLAN tag and source MAC address: one lane for one sender
)

// policyNames are the names in sysfs, indexed by number.
var policyNames = []string{"layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4", "vlan+srcmac"}

// ParsePolicy reads what /sys/class/net/bond0/bonding/xmit_hash_policy says, "layer3+4 1", or the name alone. The error
// quotes what was found: an unknown name, or a number that is not the name's.
func ParsePolicy(text string) (Policy, error) {
	name, err := nameAndNumber(text, policyNames)
	if err != nil {
		return 0, fmt.Errorf("transmit hash policy: %w", err)
	}
	return Policy(slices.Index(policyNames, name)), nil
}

// nameAndNumber returns the name of a bonding option, which sysfs shows as "name number". The number is the name's index
// in names.
func nameAndNumber(text string, names []string) (string, error) {
	fields := strings.Fields(text)
	if len(fields) == 0 || len(fields) > 2 {
		return "", fmt.Errorf("expected a name and its number, got %q", text)
	}
	i := slices.Index(names, fields[0])
	if i < 0 {
		return "", fmt.Errorf("expected one of %s, got %q", strings.Join(names, ", "), fields[0])
	}
	if len(fields) == 2 && fields[1] != strconv.Itoa(i) {
		return "", fmt.Errorf("expected %s to be number %d, got %q", fields[0], i, text)
	}
	return fields[0], nil
}

// String is the name that sysfs uses.
func (p Policy) String() string {
	if int(p) < len(policyNames) {
		return policyNames[p]
	}
	return "policy " + strconv.Itoa(int(p))
}

// Predictable reports whether Lane is what the kernel does with its own connections. For encap3+4 it is not:
// bond_xmit_hash uses the hash that a packet carries, if any (l4_hash), and TCP gives its packets a random number of the
// socket's, which changes when the connection stalls (skb_set_hash_from_sk, sk_rethink_txhash in include/net/sock.h). The
// formula then holds only for forwarded packets.
func (p Policy) Predictable() bool { return p != Encap34 && int(p) < len(policyNames) }

// Lane returns the index of the member, 0 to slaves-1, by which a frame of the flow leaves, as a kernel of that span
// computes it; 0 if there is at most one member. Bond.Lanes maps the index to a device. Tunnels, fragments and anything
// other than TCP or UDP over plain IP are not covered.
func (p Policy) Lane(k Kernel, f Flow, slaves int) int {
	if slaves <= 1 {
		return 0
	}
	return int(p.Hash(k, f) % uint32(slaves)) // bond_xmit_3ad_xor_slave_get
}

// Hash is what Lane takes modulo the number of members. It follows __bond_xmit_hash in drivers/net/bonding/bond_main.c:
// the layer 2 part, or the ports, folded with the addresses. Words are read as a little-endian host reads them, which
// amd64 and arm64 are.
func (p Policy) Hash(k Kernel, f Flow) uint32 {
	switch p {
	case VLANSrcMAC:
		return vlanSourceHash(f)
	case Layer23, Encap23:
		return ipHash(frameHash(f, k), f, k.shiftsAll())
	case Layer34, Encap34:
		return ipHash(portWord(f), f, k.shiftsPorts())
	default:
		return frameHash(f, k)
	}
}

// Frame types (linux/if_ether.h: ETH_P_IP, ETH_P_IPV6).
const (
	typeIPv4 = 0x0800
	typeIPv6 = 0x86DD
)

// frameHash is bond_eth_hash: the last bytes of both MAC addresses, and the frame type. The type is that of IP also for a
// VLAN device above the bond, since its tag travels beside the frame: bonds always take tags that way
// (NETIF_F_HW_VLAN_CTAG_TX in bond_setup).
func frameHash(f Flow, k Kernel) uint32 {
	kind := uint16(typeIPv4)
	if f.Src.Addr().Unmap().Is6() {
		kind = typeIPv6
	}
	if k.swapsType() {
		kind = kind<<8 | kind>>8
	}
	return uint32(f.DstMAC[5]) ^ uint32(f.SrcMAC[5]) ^ uint32(kind)
}

// portWord is both ports as on the wire, source first, read as one word.
func portWord(f Flow) uint32 {
	var wire [4]byte
	binary.BigEndian.PutUint16(wire[0:], f.Src.Port())
	binary.BigEndian.PutUint16(wire[2:], f.Dst.Port())
	return binary.LittleEndian.Uint32(wire[:])
}

// ipHash is bond_ip_hash.
func ipHash(h uint32, f Flow, shift bool) uint32 {
	h ^= addressWord(f.Src.Addr().Unmap()) ^ addressWord(f.Dst.Addr().Unmap())
	h ^= h >> 16
	h ^= h >> 8
	if shift {
		h >>= 1
	}
	return h
}

// addressWord is an IPv4 address, or the XOR of the four words of an IPv6 address (flow_get_u32_src in
// net/core/flow_dissector.c, ipv6_addr_hash in include/net/ipv6.h).
func addressWord(address netip.Addr) uint32 {
	if address.Is4() {
		wire := address.As4()
		return binary.LittleEndian.Uint32(wire[:])
	}
	wire := address.As16()
	low, high := binary.LittleEndian.Uint64(wire[:8]), binary.LittleEndian.Uint64(wire[8:])
	both := low ^ high
	return uint32(both) ^ uint32(both>>32)
}

// vlanSourceHash is bond_vlan_srcmac_hash: the vendor's half of the source address, the device's half, and the tag.
func vlanSourceHash(f Flow) uint32 {
	m := f.SrcMAC
	maker := uint32(m[0])<<16 | uint32(m[1])<<8 | uint32(m[2])
	device := uint32(m[3])<<16 | uint32(m[4])<<8 | uint32(m[5])
	return maker ^ device ^ uint32(uint16(f.VLAN))
}
