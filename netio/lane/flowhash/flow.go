package flowhash

import "net/netip"

// NoLane is a lane that is not known.
const NoLane = -1

// Flow is one direction of a TCP connection, as a frame shows it: Src is where the frame comes from.
type Flow struct {
	Src, Dst       netip.AddrPort // both IPv4 or both IPv6; an IPv4 address inside IPv6 (::ffff:10.0.0.1) is IPv4
	SrcMAC, DstMAC [6]byte        // for the hashes that look at them: DstMAC is the next hop's, a router's for what is beyond it
	VLAN           int            // the 16 bits of the VLAN tag, 0 is none: the id, plus the priority times 8192
}

// addresses gives both addresses as they are on the wire, 4 or 16 bytes each.
func (f Flow) addresses() (src, dst []byte) {
	return f.Src.Addr().Unmap().AsSlice(), f.Dst.Addr().Unmap().AsSlice()
}

// valid reports whether there are two addresses of one family, without which there is no such connection.
func (f Flow) valid() bool {
	src, dst := f.addresses()
	return len(src) > 0 && len(src) == len(dst)
}
