package lane

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"viamillipede/netio/host"
	"viamillipede/netio/lane/flowhash"
)

// Kind is what chooses among lanes.
type Kind uint8

// The kinds of sets.
const (
	Device Kind = iota // nothing: there is one lane
	ECMP               // several routes, of equal or different weights
	Bond               // the bonding driver
	Team               // the team driver, whose choice is up to the administrator's program
)

func (k Kind) String() string { return [...]string{"device", "ecmp", "bond", "team"}[k] }

// Lane is one device of a set.
type Lane struct {
	Name  string
	Index int // of the device in the kernel
}

// Set is the set of lanes that lead to an address.
type Set struct {
	Kind   Kind
	Device string // the bond or team, or the only device; "" for several routes
	Lanes  []Lane // one or more; for ECMP in the order of the routes, otherwise in the kernel's
	Alike  error  // why ports do not matter, so that all connections between two addresses take one lane; nil if they may

	bond flowhash.Bond // of Kind Bond, unless blind
	mac  [6]byte       // the bond's own
	to   netip.Addr
	out  int   // the device that connections are bound to; 0 if none
	why  error // why the choice is not known; nil if it is
}

// deepest bounds how many devices may be stacked.
const deepest = 8

// Find returns the lanes by which connections to an address leave: by a device, if one is named, or from a local address,
// if it is valid, or else as the routes say. The root of the file system is "/" except in tests. ENETUNREACH and
// EHOSTUNREACH: the address cannot be reached. ENODEV: there is no such device.
func Find(root host.Root, to, from netip.Addr, device string) (Set, error) {
	s := Set{to: to.Unmap()}
	if device != "" {
		link, err := netlink.LinkByName(device)
		if err != nil {
			return s, notFound(device, err)
		}
		s.out = link.Attrs().Index
		return s, s.below(root, link)
	}
	hops, err := nextHops(s.to, from)
	if err != nil {
		return s, err
	}
	for _, index := range hops {
		link, err := netlink.LinkByIndex(index)
		if err != nil {
			return s, fmt.Errorf("device number %d: %w", index, err)
		}
		if len(hops) == 1 {
			return s, s.below(root, link)
		}
		s.Lanes = append(s.Lanes, Lane{link.Attrs().Name, index})
	}
	s.Kind = ECMP
	if root.Sysctl(s.policyName()) == "0" {
		s.Alike = fmt.Errorf("%s is 0: ports do not count, and all connections between two addresses take one lane", s.policyName())
	}
	return s, nil
}

func notFound(device string, err error) error {
	if _, missing := errors.AsType[netlink.LinkNotFoundError](err); missing {
		err = unix.ENODEV
	}
	return fmt.Errorf("device %s: %w", device, err)
}

// nextHops returns the devices of the route to an address, each once.
func nextHops(to, from netip.Addr) (hops []int, err error) {
	options := &netlink.RouteGetOptions{FIBMatch: true}
	if from.IsValid() {
		options.SrcAddr = net.IP(from.Unmap().AsSlice())
	}
	routes, err := netlink.RouteGetWithOptions(to.AsSlice(), options)
	if err == nil && len(routes) == 0 {
		err = unix.ENETUNREACH
	}
	if err != nil {
		return nil, fmt.Errorf("route to %v: %w", to, err)
	}
	seen := map[int]bool{0: true}
	add := func(index int) {
		if !seen[index] {
			hops = append(hops, index)
		}
		seen[index] = true
	}
	for _, r := range routes { // IPv6 may have a route for each hop
		add(r.LinkIndex)
		for _, hop := range r.MultiPath {
			add(hop.LinkIndex)
		}
	}
	if len(hops) == 0 {
		return nil, fmt.Errorf("route to %v: it names no device", to)
	}
	return hops, nil
}

// below finds the lanes of one device: the device under a VLAN, and the members of a bond or team.
func (s *Set) below(root host.Root, link netlink.Link) error {
	for range deepest {
		if t := link.Type(); t != "vlan" && t != "macvlan" || link.Attrs().ParentIndex == 0 {
			break
		}
		lower, err := netlink.LinkByIndex(link.Attrs().ParentIndex)
		if err != nil {
			break // it is in another namespace
		}
		link = lower
	}
	s.Device = link.Attrs().Name
	switch link.Type() {
	case "bond":
		s.Kind = Bond
		copy(s.mac[:], link.Attrs().HardwareAddr)
		s.readBond(root)
		return s.members(link.Attrs().Index)
	case "team":
		s.Kind, s.why = Team, errors.New("team: its hash is a program of the administrator's")
		return s.members(link.Attrs().Index)
	}
	s.Lanes = []Lane{{s.Device, link.Attrs().Index}}
	return nil
}

// readBond reads what the bond's formula needs.
func (s *Set) readBond(root host.Root) {
	s.bond, s.why = readBond(root, s.Device)
	if errors.Is(s.why, fs.ErrNotExist) {
		s.why = fmt.Errorf("bond %s: /sys does not show it", s.Device)
	}
	if s.why != nil {
		return
	}
	if s.bond.Kernel, s.why = flowhash.KernelOf(root.Sysctl("kernel.osrelease")); s.why == nil {
		s.why = s.bond.Check()
	}
}

// members makes the devices of a master the lanes, in the order in which the bond uses them, if that is known.
func (s *Set) members(master int) error {
	links, err := netlink.LinkList()
	if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
		return fmt.Errorf("members of %s: %w", s.Device, err)
	}
	for _, link := range links {
		if link.Attrs().MasterIndex == master {
			s.Lanes = append(s.Lanes, Lane{link.Attrs().Name, link.Attrs().Index})
		}
	}
	if len(s.Lanes) == 0 {
		return fmt.Errorf("%s has no members", s.Device)
	}
	return nil
}

// Names are the names of the lanes' devices.
func (s Set) Names() []string {
	names := make([]string, len(s.Lanes))
	for i, l := range s.Lanes {
		names[i] = l.Name
	}
	return names
}

// policyName is the setting that says what the kernel hashes to choose a route.
func (s Set) policyName() string {
	if s.to.Is4() {
		return "net.ipv4.fib_multipath_hash_policy"
	}
	return "net.ipv6.fib_multipath_hash_policy"
}
