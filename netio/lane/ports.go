package lane

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"viamillipede/netio/host"
	"viamillipede/netio/lane/flowhash"
)

// asksMost bounds the ports that are tried: each may cost two questions to the kernel, of some 20 us.
const asksMost = 4096

// errOne is when there is nothing to balance.
var errOne = errors.New("there is one lane")

// Ports chooses n source ports, 1 or more, for connections to a port, so that every lane gets as many as the others or one
// less; so does every beginning of the list. from may be the zero Addr. Nothing is sent. A port of the list may be in use.
//
// Errors: that there is one lane; why the choice is not known; a *flowhash.LaneShort, as where ports do not count.
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

// lanesInUse are the lanes that connections can take: of a bond, its members that send.
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

// candidates gives the lane of a port, as an index of lanesInUse.
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

// preferred is the kernel's own range from somewhere in its first half on, so that two processes which send to one place
// rarely choose the same ports.
func preferred() flowhash.PortRange {
	r := Ephemeral()
	half := int(r.Last-r.First)/2 + 1
	const stride = 251 // ports, more than a stream takes of a few lanes
	r.First += uint16(os.Getpid() * stride % half)
	return r
}

// reserved are ports that the administrator keeps for others.
func reserved() []flowhash.PortRange {
	list, _ := flowhash.ParseReserved(host.System.Sysctl("net.ipv4.ip_local_reserved_ports")) // what is not understood is not avoided
	return list
}

// Ephemeral is the range that the kernel takes source ports from where a connection does not say.
func Ephemeral() flowhash.PortRange {
	if told, err := flowhash.ParseEphemeral(host.System.Sysctl("net.ipv4.ip_local_port_range")); err == nil {
		return told
	}
	return flowhash.PortRange{First: 32768, Last: 60999}
}
