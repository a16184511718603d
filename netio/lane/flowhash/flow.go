package flowhash

import "net/netip"

// NoLane stands for an unknown lane.
const NoLane = -1

// Flow is one direction of a TCP connection, as a frame shows it: Src is where the frame comes from.
type Flow struct {
	Src, Dst       netip.AddrPort // both IPv4 or both IPv6; an IPv4 address inside IPv6 (::ffff:10.0.0.1) is IPv4
	SrcMAC, DstMAC [6]byte        // for the hashes that use them; DstMAC is the next hop's: the router's, for a destination beyond it
	VLAN           int            // the 16 bits of the VLAN tag, 0 if none: the id plus 8192 times the priority
}

// addresses returns both addresses as on the wire, 4 or 16 bytes each.
func (f Flow) addresses() (src, dst []byte) {
	return f.Src.Addr().Unmap().AsSlice(), f.Dst.Addr().Unmap().AsSlice()
}

// valid reports whether both addresses are of one family, as every connection's are.
func (f Flow) valid() bool {
	src, dst := f.addresses()
	return len(src) > 0 && len(src) == len(dst)
}
