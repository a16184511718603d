package dial

import (
	"net"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"viamillipede/netio/host"
)

// LeavesByNIC reports whether what is sent on a socket leaves this machine by a network card. Only the card makes a copy:
// on loopback, veth, a bridge, macvlan and whatever else leads to containers, a page sent by reference (sendfile(2),
// splice(2)) becomes the receiver's page, and MSG_ZEROCOPY copies after all. If it cannot tell, the answer is false. It
// asks the kernel for routes and devices, which takes about 100 us.
func LeavesByNIC(socket int) bool {
	local, err := unix.Getsockname(socket)
	if err != nil {
		return false
	}
	peer, err := unix.Getpeername(socket)
	if err != nil {
		return false
	}
	from, to := addressOf(local), addressOf(peer)
	if from == nil || to == nil || to.IsLoopback() || !cameByNIC(socket) {
		return false
	}
	device, _ := unix.GetsockoptInt(socket, unix.SOL_SOCKET, soBindToIfIndex)
	routes, err := netlink.RouteGetWithOptions(to, &netlink.RouteGetOptions{SrcAddr: from, OifIndex: device})
	if err != nil || len(routes) == 0 {
		return false
	}
	for _, r := range routes {
		if !isCard(linkOf(r), netlinkDevices{}) {
			return false
		}
	}
	return true
}

// soBindToIfIndex is the socket option for the device that a socket is bound to (Linux 5.1); 0 means none.
const soBindToIfIndex = 62

// cameByNIC reports whether the peer's packets may have come in by a card: its queue has a NAPI id, which loopback and a
// container's end of a veth pair lack, whatever rewrote the addresses on the way (a service on this machine may have an
// address whose route leads out). A kernel without busy polling does not report the id.
func cameByNIC(socket int) bool {
	queue, err := unix.GetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_INCOMING_NAPI_ID)
	return err != nil || queue != 0
}

func addressOf(sa unix.Sockaddr) net.IP {
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		return a.Addr[:]
	case *unix.SockaddrInet6:
		return a.Addr[:]
	}
	return nil
}

// devices looks up devices for isCard; netlinkDevices asks the kernel.
type devices interface {
	device(index int) (netlink.Link, error)
	membersOf(index int) ([]int, error)
}

// stackMost bounds how many devices are stacked: a VLAN on a bond on cards, and a few more.
const stackMost = 4

// isCard reports whether the device is a network card, or is stacked on cards only: a VLAN, a bond, a team. A bridge is
// not, nor is anything else that joins a card with something on this machine.
func isCard(index int, all devices) bool { return cardBelow(index, all, stackMost) }

func cardBelow(index int, all devices, depth int) bool {
	link, err := all.device(index)
	if err != nil || depth == 0 {
		return false
	}
	at := link.Attrs()
	switch link.Type() {
	case "device": // no virtual kind: a card, or loopback
		return at.Flags&net.FlagLoopback == 0 && hasBus(at)
	case "vlan":
		return at.NetNsID < 0 && cardBelow(at.ParentIndex, all, depth-1)
	case "bond", "team":
		members, err := all.membersOf(index)
		if err != nil || len(members) == 0 {
			return false
		}
		for _, m := range members {
			if !cardBelow(m, all, depth-1) {
				return false
			}
		}
		return true
	}
	return false
}

// hasBus reports whether a device is on a bus (PCI, virtio, USB). Before Linux 5.14 only sysfs tells.
func hasBus(at *netlink.LinkAttrs) bool {
	if at.ParentDevBus != "" || at.ParentDev != "" {
		return true
	}
	return host.System.Exists("sys/class/net/" + at.Name + "/device")
}

// netlinkDevices looks up the devices of this network namespace.
type netlinkDevices struct{}

func (netlinkDevices) device(index int) (netlink.Link, error) { return netlink.LinkByIndex(index) }

func (netlinkDevices) membersOf(index int) (members []int, err error) {
	all, err := netlink.LinkList()
	for _, l := range all {
		if l.Attrs().MasterIndex == index {
			members = append(members, l.Attrs().Index)
		}
	}
	return members, err
}
