package main_test

import (
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"viamillipede/netio/lab"
)

// The two hosts' addresses that no lane has for itself: all lanes lead to them.
const (
	groupTX = "198.19.0.1"
	groupRX = "198.19.0.2"
)

// lanesOf makes all paths of a lab the lanes of one group: each host has an address on loopback, with a route of as many
// equal hops to that of the other, chosen by a hash of addresses and ports.
func lanesOf(t *testing.T, l *lab.Lab) {
	t.Helper()
	for side, own := range map[lab.Side]string{lab.TX: groupTX, lab.RX: groupRX} {
		far, other := groupRX, lab.RX
		if side == lab.RX {
			far, other = groupTX, lab.TX
		}
		if err := l.Sysctl(side, "net/ipv4/fib_multipath_hash_policy", "1"); err != nil {
			t.Fatal(err)
		}
		err := l.Visit(side, func() error {
			lo, err := netlink.LinkByName("lo")
			if err != nil {
				return err
			}
			route := &netlink.Route{Dst: host32(far), Src: net.ParseIP(own)}
			for i := range l.Paths() {
				dev, err := netlink.LinkByName(fmt.Sprintf("p%d", i))
				if err != nil {
					return err
				}
				route.MultiPath = append(route.MultiPath, &netlink.NexthopInfo{
					LinkIndex: dev.Attrs().Index, Gw: net.ParseIP(l.Address(other, i)),
				})
			}
			return errors.Join(netlink.AddrAdd(lo, &netlink.Addr{IPNet: host32(own)}), netlink.RouteAdd(route))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func host32(ip string) *net.IPNet {
	return &net.IPNet{IP: net.ParseIP(ip).To4(), Mask: net.CIDRMask(32, 32)}
}

// sixLanesOf is lanesOf for IPv6.
func sixLanesOf(t *testing.T, l *lab.Lab) (to string) {
	t.Helper()
	for side := range 2 {
		err := l.Sysctl(lab.Side(side), "net/ipv6/fib_multipath_hash_policy", "1")
		if err == nil {
			err = l.Visit(lab.Side(side), func() error { return sixRoute(l.Paths(), side) })
		}
		if err != nil {
			t.Skipf("no equal routes of IPv6 here: %v", err)
		}
	}
	// Until its neighbour is known, a hop of a group is passed over.
	for side := range 2 {
		for i := range l.Paths() {
			c, err := l.Dial(t.Context(), lab.Side(side), net.JoinHostPort(sixHop(i, 1-side), "1"))
			if err == nil {
				c.Close()
			} else if !errors.Is(err, unix.ECONNREFUSED) {
				t.Fatal(err)
			}
		}
	}
	return "fd99::2"
}

// sixHop is a side's IPv6 address on path i.
func sixHop(i, side int) string { return fmt.Sprintf("fd00:%d::%d", 1+i, 1+side) }

func sixRoute(paths, side int) error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	six := func(ip string, bits int) *net.IPNet {
		return &net.IPNet{IP: net.ParseIP(ip), Mask: net.CIDRMask(bits, 128)}
	}
	own, far := fmt.Sprintf("fd99::%d", 1+side), fmt.Sprintf("fd99::%d", 2-side)
	if err := netlink.AddrAdd(lo, &netlink.Addr{IPNet: six(own, 128), Flags: unix.IFA_F_NODAD}); err != nil {
		return err
	}
	route := &netlink.Route{Dst: six(far, 128), Src: net.ParseIP(own)}
	for i := range paths {
		dev, err := netlink.LinkByName(fmt.Sprintf("p%d", i))
		if err != nil {
			return err
		}
		near, hop := sixHop(i, side), sixHop(i, 1-side)
		if err := netlink.AddrAdd(dev, &netlink.Addr{IPNet: six(near, 64), Flags: unix.IFA_F_NODAD}); err != nil {
			return err
		}
		route.MultiPath = append(route.MultiPath, &netlink.NexthopInfo{LinkIndex: dev.Attrs().Index, Gw: net.ParseIP(hop)})
	}
	return netlink.RouteAdd(route)
}
