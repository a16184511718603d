package dial

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"viamillipede/netio/lab"
)

func TestLoopbackDevice(t *testing.T) {
	for name, ask := range map[string]func(netip.Addr) (string, error){"RouteDevice": RouteDevice, "AddressDevice": AddressDevice} {
		for _, a := range []string{"127.0.0.1", "::ffff:127.0.0.1", "127.0.0.9"} {
			if got, err := ask(netip.MustParseAddr(a)); got != "lo" || err != nil {
				t.Errorf("%s of %s: %q, %v", name, a, got, err)
			}
		}
		for _, zone := range []string{"lo", "1"} {
			if got, err := ask(netip.MustParseAddr("fe80::1%" + zone)); got != "lo" || err != nil {
				t.Errorf("%s in zone %s: %q, %v", name, zone, got, err)
			}
		}
		if got, err := ask(netip.Addr{}); err == nil {
			t.Errorf("%s of no address: %q", name, got)
		}
	}
}

// wire makes a pair of devices that are up, one of which has the addresses.
func wire(name string, addresses ...string) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = name
	if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: name + "x"}); err != nil {
		return err
	}
	for _, n := range []string{name, name + "x"} {
		link, err := netlink.LinkByName(n)
		if err != nil {
			return err
		}
		if err := netlink.LinkSetUp(link); err != nil {
			return err
		}
	}
	link, err := netlink.LinkByName(name)
	for _, a := range addresses {
		addr, wrong := netlink.ParseAddr(a)
		if wrong != nil {
			return wrong
		}
		addr.Flags |= unix.IFA_F_NODAD
		err = errors.Join(err, netlink.AddrAdd(link, addr))
	}
	return err
}

// defaultRoute adds a default route.
func defaultRoute(gateway string, metric int) error {
	return netlink.RouteAdd(&netlink.Route{Gw: net.ParseIP(gateway), Priority: metric})
}

// The devices of routes, addresses and the default route, in a network that grows.
func TestDevices(t *testing.T) {
	l := lab.New(t, lab.Config{})
	route := func(a string) func() (string, error) {
		return func() (string, error) { return RouteDevice(netip.MustParseAddr(a)) }
	}
	address := func(a string) func() (string, error) {
		return func() (string, error) { return AddressDevice(netip.MustParseAddr(a)) }
	}
	nothing := func() error { return nil }
	err := l.Visit(lab.TX, func() error {
		for i, step := range []struct {
			change func() error
			ask    func() (string, error)
			want   string // a device
			fails  error
		}{
			{nothing, route("198.18.0.7"), "", unix.ENETUNREACH},
			{nothing, address("198.18.0.1"), "", unix.EADDRNOTAVAIL},
			{nothing, DefaultDevice, "", unix.ENETUNREACH},
			{func() error { return wire("a", "198.18.0.1/24", "2001:db8::1/64") }, route("198.18.0.7"), "a", nil},
			{nothing, route("::ffff:198.18.0.7"), "a", nil},
			{nothing, route("198.18.0.1"), "lo", nil},
			{nothing, route("2001:db8::7"), "a", nil},
			{nothing, route("198.18.1.7"), "", unix.ENETUNREACH},
			{nothing, address("198.18.0.1"), "a", nil},
			{nothing, address("2001:db8::1"), "a", nil},
			{nothing, address("198.18.0.7"), "", unix.EADDRNOTAVAIL},
			{nothing, DefaultDevice, "", unix.ENETUNREACH},
			{func() error { return wire("b", "198.18.1.1/24", "2001:db8:1::1/64") }, address("198.18.1.1"), "b", nil},
			{func() error { return defaultRoute("2001:db8::7", 0) }, DefaultDevice, "a", nil},
			{nothing, route("2001:db8:7::7"), "a", nil},
			{func() error { return defaultRoute("198.18.1.7", 9) }, DefaultDevice, "b", nil},
			{nothing, route("203.0.113.7"), "b", nil},
			{func() error { return defaultRoute("198.18.0.7", 5) }, DefaultDevice, "a", nil},
			{func() error {
				return netlink.RouteAdd(&netlink.Route{Priority: 1, Dst: everything(), MultiPath: []*netlink.NexthopInfo{
					{Gw: net.ParseIP("198.18.1.7"), LinkIndex: indexOf("b")}, {Gw: net.ParseIP("198.18.0.7"), LinkIndex: indexOf("a")}}})
			}, DefaultDevice, "b", nil},
			{func() error { return netlink.RouteAdd(&netlink.Route{Type: unix.RTN_UNREACHABLE, Dst: everything()}) }, DefaultDevice, "b", nil},
			{nothing, route("203.0.113.7"), "", unix.EHOSTUNREACH},
		} {
			if err := step.change(); err != nil {
				return fmt.Errorf("step %d: change: %w", i, err)
			}
			if got, err := step.ask(); got != step.want || !errors.Is(err, step.fails) {
				t.Errorf("step %d: %q, %v; want %q, %v", i, got, err, step.want, step.fails)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func everything() *net.IPNet { return &net.IPNet{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)} }

func indexOf(device string) int {
	link, err := netlink.LinkByName(device)
	if err != nil {
		return 0
	}
	return link.Attrs().Index
}
