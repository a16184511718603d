package lane

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"viamillipede/netio/host"
	"viamillipede/netio/lane/flowhash"
)

// asksMost bounds the ports that are tried: each may cost two requests to the kernel, of about 20 us each.
const asksMost = 4096

// errOne means that there is nothing to balance.
var errOne = errors.New("there is one lane")

// Ports chooses n source ports, 1 or more, for connections to a port, so that the numbers of connections on lanes differ
// by at most one, also for every prefix of the list. from may be the zero Addr. It sends nothing. A port of the list may
// be in use.
//
// Errors: there is only one lane; why the kernel's choice is not known; a *flowhash.LaneShort, for example if ports do
// not matter.
func (s Set) Ports(n int, from netip.Addr, port uint16) ([]uint16, error) {
	if len(s.Lanes) == 1 {
		return nil, errOne
	}
	if err := s.Known(); err != nil {
		return nil, err
	}
	choice := flowhash.Choice{Lanes: len(s.lanesInUse()), Flows: n, Prefer: preferred(), Avoid: reserved()}
	ports, err := choice.Balance(s.candidates(from, port))
	var short *flowhash.LaneShort
	if errors.As(err, &short) && s.Alike != nil {
		return nil, fmt.Errorf("%w (%w)", err, s.Alike)
	}
	return ports, err
}

// lanesInUse are the lanes that connections can take: for a bond, the members that send.
func (s Set) lanesInUse() []Lane {
	if s.Kind != Bond {
		return s.Lanes
	}
	var lanes []Lane
	for _, member := range s.bond.Lanes() {
		lanes = append(lanes, Lane{Name: member.Name})
	}
	return lanes
}

// candidates returns a function from a port to its lane, an index in lanesInUse.
func (s Set) candidates(from netip.Addr, port uint16) func(uint16) (int, bool) {
	used := s.lanesInUse()
	to := netip.AddrPortFrom(s.to, port)
	left := asksMost
	return func(source uint16) (int, bool) {
		if left--; left < 0 {
			return flowhash.NoLane, false
		}
		lane, known := s.Predict(netip.AddrPortFrom(from.Unmap(), source), to)
		if !known {
			return flowhash.NoLane, false
		}
		for i, l := range used {
			if l.Name == s.Lanes[lane].Name {
				return i, true
			}
		}
		return flowhash.NoLane, false
	}
}

// preferred is the kernel's own range from somewhere in its first half on, so that two processes that send to one place
// rarely choose the same ports.
func preferred() flowhash.PortRange {
	r := Ephemeral()
	half := int(r.Last-r.First)/2 + 1
	const stride = 251 // in ports: more than a stream takes on a few lanes
	r.First += uint16(os.Getpid() * stride % half)
	return r
}

// reserved are the ports that the administrator keeps for others.
func reserved() []flowhash.PortRange {
	list, _ := flowhash.ParseReserved(host.System.Sysctl("net.ipv4.ip_local_reserved_ports")) // what we cannot parse is not avoided
	return list
}

// Ephemeral is the range from which the kernel takes the source ports of connections that do not choose one.
func Ephemeral() flowhash.PortRange {
	if told, err := flowhash.ParseEphemeral(host.System.Sysctl("net.ipv4.ip_local_port_range")); err == nil {
		return told
	}
	return flowhash.PortRange{First: 32768, Last: 60999}
}
