package dial

import (
	"context"
	"fmt"
	"net"
	"net/netip"
)

// Resolve gives the addresses of host, a name or an address, in the order in which to try them: the resolver's, but
// taking turns between IPv6 and IPv4, so that one of them that does not work costs one attempt (RFC 8305, section 4).
// With a local address they are those of its kind only. It never gives none without an error. It blocks until ctx ends
// at the latest.
func Resolve(ctx context.Context, host string, local netip.Addr) ([]netip.Addr, error) {
	all, err := lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	var fit []netip.Addr
	for _, a := range all {
		if a = a.Unmap(); !local.IsValid() || a.Is4() == local.Unmap().Is4() {
			fit = append(fit, a)
		}
	}
	if len(fit) == 0 {
		return nil, fmt.Errorf("%s has no address that can be reached from %v", host, local)
	}
	return takeTurns(fit), nil
}

func lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// takeTurns puts an address of the other kind after each one, as long as there are some; the first stays the first.
func takeTurns(all []netip.Addr) []netip.Addr {
	var kinds [2][]netip.Addr // those of the first one's kind, and the others
	for _, a := range all {
		kind := 0
		if a.Is4() != all[0].Is4() {
			kind = 1
		}
		kinds[kind] = append(kinds[kind], a)
	}
	mixed := make([]netip.Addr, 0, len(all))
	for i := range all {
		for _, k := range kinds {
			if i < len(k) {
				mixed = append(mixed, k[i])
			}
		}
	}
	return mixed
}
