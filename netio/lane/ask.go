package lane

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"viamillipede/netio/internal/attr"
)

// answer is what the kernel says about the route that one connection would take.
type answer struct {
	device int        // its index
	from   netip.Addr // source address of the connection
}

// ask lets the kernel choose a route for a TCP connection (RTM_GETROUTE with ports, rtnetlink(7), Linux 4.18). The kernel
// uses the same function as for connect(2), with its secret seed, so this is not a prediction but the choice itself, as
// long as routes, weights and carriers stay as they are. That holds for a socket bound to its port; one that is not may
// get its route before its port, and since Linux 6.16 (commit 65e9024643c7) chooses one at random. The source address may
// be left out. EINVAL: the kernel is older.
func ask(from, to netip.AddrPort, out int) (a answer, err error) {
	family, bits := unix.AF_INET, uint8(32)
	if to.Addr().Is6() {
		family, bits = unix.AF_INET6, 128
	}
	req := nl.NewNetlinkRequest(unix.RTM_GETROUTE, unix.NLM_F_REQUEST)
	msg := &nl.RtMsg{}
	msg.Family, msg.Dst_len = uint8(family), bits
	req.AddData(msg)
	if from.Addr().IsValid() {
		msg.Src_len = bits
		req.AddData(nl.NewRtAttr(unix.RTA_SRC, from.Addr().AsSlice()))
	}
	req.AddData(nl.NewRtAttr(unix.RTA_DST, to.Addr().AsSlice()))
	if out != 0 {
		req.AddData(nl.NewRtAttr(unix.RTA_OIF, binary.NativeEndian.AppendUint32(nil, uint32(out))))
	}
	req.AddData(nl.NewRtAttr(unix.RTA_IP_PROTO, []byte{unix.IPPROTO_TCP}))
	req.AddData(nl.NewRtAttr(unix.RTA_SPORT, binary.BigEndian.AppendUint16(nil, from.Port())))
	req.AddData(nl.NewRtAttr(unix.RTA_DPORT, binary.BigEndian.AppendUint16(nil, to.Port())))
	messages, err := req.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWROUTE)
	if err == nil && len(messages) == 0 {
		err = unix.ENETUNREACH
	}
	if err != nil {
		return a, fmt.Errorf("route of a connection to %v: %w", to, err)
	}
	return parseAnswer(messages[0])
}

// parseAnswer reads an RTM_NEWROUTE message.
func parseAnswer(message []byte) (a answer, err error) {
	if len(message) < unix.SizeofRtMsg {
		return a, fmt.Errorf("an answer of %d bytes about a route", len(message))
	}
	err = attr.Each(message[unix.SizeofRtMsg:], func(kind uint16, v attr.Value) error {
		switch kind {
		case unix.RTA_OIF:
			a.device = int(v.Uint32())
		case unix.RTA_PREFSRC:
			a.from, _ = netip.AddrFromSlice(v)
		}
		return nil
	})
	if err != nil {
		return answer{}, fmt.Errorf("an answer about a route: %w", err)
	}
	return a, nil
}

// choose finds the device of a connection whose source address may be left to the kernel, as connect(2) does: the address
// comes from the route found without one. IPv4 then looks the route up again with that address; IPv6 keeps the first
// route (ip6_dst_lookup_tail) until routes change.
func choose(from, to netip.AddrPort, out int) (answer, error) {
	if from.Addr().IsValid() {
		a, err := ask(from, to, out)
		a.from = from.Addr()
		return a, err
	}
	first, err := ask(from, to, out)
	if err != nil || !first.from.IsValid() || to.Addr().Is6() {
		return first, err
	}
	a, err := ask(netip.AddrPortFrom(first.from, from.Port()), to, out)
	a.from = first.from
	return a, err
}
