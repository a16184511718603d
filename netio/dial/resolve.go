package dial

import (
	"context"
	"fmt"
	"net"
	"net/netip"
)

// Resolve returns the addresses of host, a name or an address, in the order in which to try them: the resolver's, but
// alternating between IPv6 and IPv4, so that a family that does not work costs one attempt (RFC 8305, section 4). With a
// local address it returns only those of the same family. Without an error there is at least one. It blocks until ctx
// ends at the latest.
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

// takeTurns alternates between the two families as long as both last; the first address stays first.
func takeTurns(all []netip.Addr) []netip.Addr {
	var kinds [2][]netip.Addr // those of the first one's family, and the others
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
