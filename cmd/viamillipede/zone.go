package main

import (
	"net/netip"

	"viamillipede/engine"
)

// checkZones reports a link-local address that does not say which link it is on (RFC 4007): every device has such addresses,
// and the kernel cannot choose. A host needs no zone where its path leaves by a device that is named.
func checkZones(word string, paths []engine.Path, bind netip.Addr) error {
	if lacksZone(bind) {
		return zoneError("bind", bind)
	}
	for _, p := range paths {
		if lacksZone(p.Via.Addr) {
			return zoneError("via", p.Via.Addr)
		}
		host, _ := netip.ParseAddr(p.Host)
		if lacksZone(host) && !namesDevice(p.Via, bind) {
			return zoneError(word, host)
		}
	}
	return nil
}

// lacksZone reports whether an address is one of fe80::/10 without its zone.
func lacksZone(a netip.Addr) bool { return a.Is6() && a.IsLinkLocalUnicast() && a.Zone() == "" }

// namesDevice reports whether a path's source, or else everybody's, says which device its links leave by.
func namesDevice(v engine.Via, bind netip.Addr) bool {
	if v == (engine.Via{}) {
		return bind.Zone() != ""
	}
	return v.Device != "" || v.Addr.Zone() != ""
}

func zoneError(word string, a netip.Addr) error {
	return usageError("%s: %v is a link-local address, which every device has: expected its device too, as in %v%%eth0", word, a, a)
}
