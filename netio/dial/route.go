package dial

import (
	"fmt"
	"net/netip"
	"strconv"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// RouteDevice returns the device by which packets to an address now leave, according to the kernel's routes
// (rtnetlink(7)); "lo" for an address of this machine. ENETUNREACH (LacksRoute) and EHOSTUNREACH: it cannot be reached.
func RouteDevice(to netip.Addr) (device string, err error) {
	if to.Zone() != "" {
		return zoneDevice(to.Zone())
	}
	if !to.IsValid() {
		return "", fmt.Errorf("route to no address: %w", unix.EINVAL)
	}
	routes, err := netlink.RouteGet(to.Unmap().AsSlice())
	if err == nil && len(routes) == 0 {
		err = unix.ENETUNREACH
	}
	if err != nil {
		return "", fmt.Errorf("route to %v: %w", to, err)
	}
	return deviceName(routes[0].LinkIndex)
}

// AddressDevice returns the device that has a local address. EADDRNOTAVAIL: no device has it. All of 127.0.0.0/8 is
// loopback's.
func AddressDevice(local netip.Addr) (device string, err error) {
	if local.Zone() != "" {
		return zoneDevice(local.Zone())
	}
	ip := local.Unmap().AsSlice()
	// A list that changed while it was read comes with an error, but is good enough if the address is in it.
	list, err := netlink.AddrList(nil, netlink.FAMILY_ALL)
	for _, a := range list {
		if a.IP.Equal(ip) || local.Unmap().IsLoopback() && a.Contains(ip) {
			return deviceName(a.LinkIndex)
		}
	}
	if err == nil {
		err = unix.EADDRNOTAVAIL
	}
	return "", fmt.Errorf("device with address %v: %w", local, err)
}

// DefaultDevice returns the device of the main table's default route with the least metric: of IPv4, or of IPv6 if IPv4
// has none. ENETUNREACH (LacksRoute): there is none at all.
func DefaultDevice() (device string, err error) {
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		var index int
		if index, err = defaultIndex(family); index != 0 {
			return deviceName(index)
		}
	}
	if err == nil {
		err = unix.ENETUNREACH
	}
	return "", fmt.Errorf("default route: %w", err)
}

// defaultIndex returns the index of the default route's device, 0 for none. An error may come with an index: the routes
// changed while they were read.
func defaultIndex(family int) (index int, err error) {
	best := 0
	filter := &netlink.Route{Type: unix.RTN_UNICAST} // and no Dst, which is the default route
	err = netlink.RouteListFilteredIter(family, filter, netlink.RT_FILTER_TYPE|netlink.RT_FILTER_DST, func(r netlink.Route) bool {
		if i := linkOf(r); i != 0 && (index == 0 || r.Priority < best) {
			index, best = i, r.Priority
		}
		return true
	})
	return index, err
}

// linkOf is the index of a route's device; the first, if there are several.
func linkOf(r netlink.Route) int {
	if len(r.MultiPath) > 0 {
		return r.MultiPath[0].LinkIndex
	}
	return r.LinkIndex
}

// zoneDevice is the device that the zone of an address gives, by name or by index (RFC 4007, section 11).
func zoneDevice(zone string) (string, error) {
	if index, err := strconv.Atoi(zone); err == nil {
		return deviceName(index)
	}
	return zone, nil
}

func deviceName(index int) (string, error) {
	link, err := netlink.LinkByIndex(index)
	if err != nil {
		return "", fmt.Errorf("device number %d: %w", index, err)
	}
	return link.Attrs().Name, nil
}
