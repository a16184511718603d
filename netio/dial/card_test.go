package dial

import (
	"net"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"viamillipede/netio"
)

// fakeDevices are devices by their number.
type fakeDevices map[int]netlink.Link

func (f fakeDevices) device(index int) (netlink.Link, error) {
	if l := f[index]; l != nil {
		return l, nil
	}
	return nil, unix.ENODEV
}

func (f fakeDevices) membersOf(index int) (members []int, err error) {
	for i, l := range f {
		if l.Attrs().MasterIndex == index {
			members = append(members, i)
		}
	}
	return members, nil
}

// Only what stands on cards alone leads off this machine.
func TestIsCard(t *testing.T) {
	attrs := func(change ...func(*netlink.LinkAttrs)) netlink.LinkAttrs {
		a := netlink.NewLinkAttrs()
		for _, f := range change {
			f(&a)
		}
		return a
	}
	pci := func(a *netlink.LinkAttrs) { a.ParentDevBus = "pci" }
	under := func(master int) func(*netlink.LinkAttrs) {
		return func(a *netlink.LinkAttrs) { a.MasterIndex = master }
	}
	over := func(lower int) func(*netlink.LinkAttrs) { return func(a *netlink.LinkAttrs) { a.ParentIndex = lower } }
	elsewhere := func(a *netlink.LinkAttrs) { a.NetNsID = 1 }
	all := fakeDevices{
		1:  &netlink.Device{LinkAttrs: attrs(func(a *netlink.LinkAttrs) { a.Flags = net.FlagLoopback })},
		2:  &netlink.Device{LinkAttrs: attrs(pci)},
		3:  &netlink.Vlan{LinkAttrs: attrs(over(2))},
		4:  &netlink.Vlan{LinkAttrs: attrs(over(2), elsewhere)},
		5:  &netlink.Bond{LinkAttrs: attrs()},
		6:  &netlink.Device{LinkAttrs: attrs(pci, under(5))},
		7:  &netlink.Device{LinkAttrs: attrs(pci, under(5))},
		8:  &netlink.Vlan{LinkAttrs: attrs(over(5))},
		9:  &netlink.Bond{LinkAttrs: attrs()},
		10: &netlink.Device{LinkAttrs: attrs(pci, under(9))},
		11: &netlink.Veth{LinkAttrs: attrs(under(9))},
		12: &netlink.Bridge{LinkAttrs: attrs()},
		13: &netlink.Device{LinkAttrs: attrs(pci, under(12))},
		14: &netlink.Macvlan{LinkAttrs: attrs(over(2))},
		15: &netlink.Veth{LinkAttrs: attrs()},
		16: &netlink.Vlan{LinkAttrs: attrs(over(12))},
		17: &netlink.Bond{LinkAttrs: attrs()},
		18: &netlink.Vlan{LinkAttrs: attrs(over(18))}, // no such thing, and no end of it
	}
	cards := map[int]bool{2: true, 3: true, 5: true, 6: true, 7: true, 8: true, 10: true, 13: true}
	for i := range len(all) + 2 {
		if got := isCard(i, all); got != cards[i] {
			t.Errorf("device %d: %v", i, got)
		}
	}
}

// A connection to this machine leaves by no card, whatever address it goes to.
func TestLoopbackIsNoCard(t *testing.T) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		ip, ok := a.(*net.IPNet)
		if !ok || ip.IP.IsLinkLocalUnicast() {
			continue
		}
		l, err := net.Listen("tcp", net.JoinHostPort(ip.IP.String(), "0"))
		if err != nil {
			continue // not configured yet, or gone
		}
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conn, err := netio.Detach(c, nil)
		if err != nil {
			t.Fatal(err)
		}
		if LeavesByNIC(conn.FD()) {
			t.Errorf("%v: it leaves by a card", ip.IP)
		}
		conn.Close()
		l.Close()
	}
}
