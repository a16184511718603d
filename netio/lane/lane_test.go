package lane

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"viamillipede/netio/lab"
	"viamillipede/netio/lane/flowhash"
)

var (
	far  = netip.MustParseAddr("198.19.0.2")
	near = netip.MustParseAddr("198.19.0.1")
)

// inGroup runs f at a host with three devices, and an equal route to far by each.
func inGroup(t *testing.T, f func()) {
	t.Helper()
	l := lab.New(t, lab.Config{Paths: 3})
	err := l.Visit(lab.TX, func() error {
		lo, err := netlink.LinkByName("lo")
		if err != nil {
			return err
		}
		if err := netlink.AddrAdd(lo, &netlink.Addr{IPNet: prefix(near)}); err != nil {
			return err
		}
		route := &netlink.Route{Dst: prefix(far), Src: near.AsSlice()}
		for _, name := range devices {
			link, err := netlink.LinkByName(name)
			if err != nil {
				return err
			}
			route.MultiPath = append(route.MultiPath, &netlink.NexthopInfo{LinkIndex: link.Attrs().Index})
		}
		if err := netlink.RouteAdd(route); err != nil {
			t.Skipf("no routes of several hops here: %v", err)
		}
		f()
		return nil
	})
	if err != nil && !t.Skipped() {
		t.Fatal(err)
	}
}

// devices are those of the group.
var devices = []string{"p0", "p1", "p2"}

func prefix(a netip.Addr) *net.IPNet {
	return &net.IPNet{IP: a.AsSlice(), Mask: net.CIDRMask(32, 32)}
}

func hashPolicy(t *testing.T, value string) {
	t.Helper()
	if err := os.WriteFile("/proc/sys/net/ipv4/fib_multipath_hash_policy", []byte(value), 0); err != nil {
		t.Fatal(err)
	}
}

func TestEqualRoutes(t *testing.T) {
	inGroup(t, func() {
		hashPolicy(t, "1")
		s, err := Find("/", far, netip.Addr{}, "")
		if err != nil || s.Kind != ECMP || !slices.Equal(s.Names(), devices) || s.Alike != nil {
			t.Fatalf("%+v, %v", s, err)
		}
		ports, err := s.Ports(16, netip.Addr{}, 8834)
		if err != nil {
			t.Fatal(err)
		}
		counts := make([]int, 3)
		for i, port := range ports {
			to := netip.AddrPortFrom(far, 8834)
			at, known := s.Predict(netip.AddrPortFrom(netip.Addr{}, port), to)
			again, _ := s.Predict(netip.AddrPortFrom(near, port), to)
			if !known || at != i%3 || again != at {
				t.Errorf("port %d of place %d takes lane %d, and from its address %d, want %d", port, i, at, again, i%3)
				continue
			}
			counts[at]++
		}
		if slices.Max(counts)-slices.Min(counts) > 1 {
			t.Errorf("ports by lane: %v", counts)
		}
		if sent, err := s.Sent(); err != nil || len(sent) != 3 {
			t.Errorf("sent: %v, %v", sent, err)
		}
	})
}

// With policy 0 ports do not count, and the error says what to change.
func TestPortsDoNotCount(t *testing.T) {
	inGroup(t, func() {
		hashPolicy(t, "0")
		s, err := Find("/", far, netip.Addr{}, "")
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Ports(8, netip.Addr{}, 8834)
		var short *flowhash.LaneShort
		if !errors.As(err, &short) || !strings.Contains(err.Error(), "net.ipv4.fib_multipath_hash_policy is 0") {
			t.Errorf("%v", err)
		}
	})
}

func TestOneDevice(t *testing.T) {
	inGroup(t, func() {
		for device, to := range map[string]string{"": "127.0.0.1", "p1": far.String()} {
			s, err := Find("/", netip.MustParseAddr(to), netip.Addr{}, device)
			if err != nil || s.Kind != Device || len(s.Lanes) != 1 || device != "" && s.Lanes[0].Name != device {
				t.Errorf("%q: %v, %v", device, s, err)
			}
			if _, err := s.Ports(8, netip.Addr{}, 1); err != errOne {
				t.Errorf("ports: %v", err)
			}
		}
		if _, err := Find("/", far, netip.Addr{}, "nosuch"); !errors.Is(err, unix.ENODEV) {
			t.Errorf("no such device: %v", err)
		}
		if _, err := Find("/", netip.MustParseAddr("203.0.113.1"), netip.Addr{}, ""); !errors.Is(err, unix.ENETUNREACH) {
			t.Errorf("no route: %v", err)
		}
	})
}

// The bond's index counts its members that send; lanes are all members, in the kernel's order.
func TestBond(t *testing.T) {
	member := func(name string, active bool) flowhash.Slave {
		return flowhash.Slave{Name: name, Active: active, Up: true}
	}
	s := Set{
		Kind: Bond, Device: "bond0", Lanes: []Lane{{"eth2", 4}, {"eth1", 3}, {"eth0", 2}}, to: far,
		bond: flowhash.Bond{Mode: "balance-xor", Policy: flowhash.Layer34, Slaves: []flowhash.Slave{
			member("eth0", true), {Name: "eth1"}, member("eth2", true),
		}},
	}
	to := netip.AddrPortFrom(far, 8834)
	ports, err := s.Ports(8, near, 8834)
	if err != nil {
		t.Fatal(err)
	}
	for i, port := range ports {
		from := netip.AddrPortFrom(near, port)
		at, known := s.Predict(from, to)
		index, _ := s.bond.Lane(flowhash.Flow{Src: from, Dst: to})
		if !known || s.Lanes[at].Name != []string{"eth0", "eth2"}[index] || index != i%2 {
			t.Errorf("port %d: lane %d, index %d of the bond", port, at, index)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(make([]byte, unix.SizeofRtMsg+8))
	f.Add([]byte{2, 32, 0, 0, 0xfe, 2, 0, 1, 0, 0, 0, 0, 8, 0, 4, 0, 1, 0, 0, 0, 8, 0, 7, 0, 198, 19, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) { _, _ = parseAnswer(b) })
}
