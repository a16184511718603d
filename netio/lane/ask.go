package lane

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"viamillipede/netio/internal/attr"
)

// answer is what the kernel says of the way that one connection would take.
type answer struct {
	device int        // its number
	from   netip.Addr // the address that the connection would come from
}

// ask has the kernel choose a route for a TCP connection (RTM_GETROUTE with ports, rtnetlink(7), Linux 4.18). It goes through
// the very function that connect(2) does, with its secret seed, so it is no prediction but the choice itself, as long as
// routes, weights and carriers stay as they are. That holds for a socket that was bound to its port; one that was not may
// have its route before it has its port, and since Linux 6.16 (commit 65e9024643c7) draws one by lot. The source's address may
// be left out. EINVAL is an older kernel.
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

// parseAnswer reads a message of RTM_NEWROUTE.
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

// choose gives the device of a connection whose source address may be left to the kernel, as connect(2) does it: the address
// is that of the route which is found without one. With IPv4 the route is then looked up again with it; IPv6 keeps the first
// one (ip6_dst_lookup_tail), until routes change.
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
