package lane

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"

	"viamillipede/netio/lane/flowhash"
)

// Known is nil if Predict knows the lane; otherwise it says why not.
func (s Set) Known() error {
	if s.why != nil {
		return s.why
	}
	if s.Kind == ECMP {
		if _, err := choose(netip.AddrPortFrom(netip.Addr{}, 40000), netip.AddrPortFrom(s.to, 1), s.out); err != nil {
			return fmt.Errorf("ECMP: no formula tells (the kernel's hash is unspecified, with a random seed), and before Linux 4.18 the kernel cannot be asked: %w", err)
		}
	}
	return nil
}

// Basis is what a prediction is based on.
type Basis uint8

// The bases.
const (
	BasisOne     Basis = iota // there is one lane
	BasisKernel               // the kernel was asked, since its hash is unspecified and has a secret seed
	BasisFormula              // the bond's formula
	BasisNone                 // there is none
)

// Basis says what Predict is based on or, with BasisNone, why there is no prediction.
func (s Set) Basis() (Basis, error) {
	switch {
	case s.why != nil:
		return BasisNone, s.why
	case s.Kind == ECMP:
		return BasisKernel, nil
	case s.Kind == Bond:
		return BasisFormula, nil
	}
	return BasisOne, nil
}

// Formula is the bond's mode and policy, if the basis is BasisFormula.
func (s Set) Formula() (mode string, policy flowhash.Policy) {
	return s.bond.Mode, s.bond.Policy
}

// Predict returns the lane, an index in Lanes, that a TCP connection takes if its socket is bound to its port before it
// connects. from has the source address only if the socket is bound to that as well: with IPv6 it makes a difference.
func (s Set) Predict(from, to netip.AddrPort) (lane int, known bool) {
	from, to = unmapped(from), unmapped(to)
	switch {
	case s.why != nil:
		return flowhash.NoLane, false
	case s.Kind == Bond:
		return s.ofBond(from, to)
	case s.Kind == ECMP:
		a, err := choose(from, to, s.out)
		lane = s.indexOf(func(l Lane) bool { return l.Index == a.device })
		return lane, err == nil && lane >= 0
	}
	return 0, true
}

func unmapped(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

func (s Set) indexOf(is func(Lane) bool) int { return slices.IndexFunc(s.Lanes, is) }

// ofBond uses the bond's formula, whose index counts only the members that send.
func (s Set) ofBond(from, to netip.AddrPort) (lane int, known bool) {
	if !from.Addr().IsValid() {
		a, err := ask(from, to, s.out)
		if err != nil || !a.from.IsValid() {
			return flowhash.NoLane, false
		}
		from = netip.AddrPortFrom(a.from, from.Port())
	}
	flow := flowhash.Flow{Src: from, Dst: to, SrcMAC: s.mac}
	if p := s.bond.Policy; p == flowhash.Layer2 || p == flowhash.Layer23 || p == flowhash.Encap23 {
		var err error
		if flow.DstMAC, err = neighbour(s.to); err != nil {
			return flowhash.NoLane, false
		}
	}
	member, known := s.bond.Lane(flow)
	if !known {
		return flowhash.NoLane, false
	}
	name := s.bond.Lanes()[member].Name
	lane = s.indexOf(func(l Lane) bool { return l.Name == name })
	return lane, lane >= 0
}

// neighbour returns the link-layer address that packets to an address are sent to: the destination's or the next
// router's.
func neighbour(to netip.Addr) (mac [6]byte, err error) {
	routes, err := netlink.RouteGet(to.AsSlice())
	if err != nil || len(routes) == 0 {
		return mac, fmt.Errorf("route to %v: %w", to, err)
	}
	hop := to.AsSlice()
	if gateway := routes[0].Gw; gateway != nil {
		hop = gateway
	}
	list, err := netlink.NeighList(routes[0].LinkIndex, netlink.FAMILY_ALL)
	for _, n := range list {
		if n.IP.Equal(hop) && len(n.HardwareAddr) == len(mac) {
			copy(mac[:], n.HardwareAddr)
			return mac, nil
		}
	}
	return mac, errors.Join(err, fmt.Errorf("the neighbour on the way to %v is not known", to))
}
