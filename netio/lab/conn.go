package lab

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"syscall"

	"github.com/vishvananda/netlink"
)

// ErrNoConnection says that a side has no established connection with the given port.
var ErrNoConnection = errors.New("no established connection")

// dumpTries bounds how often a list of sockets is requested again because it changed while the kernel wrote it.
const dumpTries = 10

// Conn names one established connection by its two ends, as its own side sees them.
type Conn struct {
	Local, Remote netip.AddrPort
}

func (c Conn) String() string { return fmt.Sprintf("%v-%v", c.Local, c.Remote) }

// uses reports whether port is at either end.
func (c Conn) uses(port uint16) bool { return c.Local.Port() == port || c.Remote.Port() == port }

// Connections lists the established TCP connections of a side with port at either end, in the order of their addresses;
// port 0 means any.
func (l *Lab) Connections(side Side, port uint16) ([]Conn, error) {
	var list []Conn
	err := l.sides[side].do(func() error {
		for _, family := range []uint8{syscall.AF_INET, syscall.AF_INET6} {
			found, err := dump(family)
			if err != nil {
				return err
			}
			list = append(list, found...)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list connections, %v side: %w", side, err)
	}
	if port != 0 {
		list = slices.DeleteFunc(list, func(c Conn) bool { return !c.uses(port) })
	}
	slices.SortFunc(list, func(a, b Conn) int {
		return cmp.Or(a.Local.Compare(b.Local), a.Remote.Compare(b.Remote))
	})
	return list, nil
}

// Destroy ends one established connection of a side with SOCK_DESTROY (sock_diag(7)): both ends see an aborted
// connection. ErrNoConnection: it had already ended.
func (l *Lab) Destroy(side Side, c Conn) error {
	err := l.sides[side].do(func() error {
		return netlink.SocketDestroy(net.TCPAddrFromAddrPort(c.Local), net.TCPAddrFromAddrPort(c.Remote))
	})
	if errors.Is(err, syscall.ENOENT) {
		return ErrNoConnection
	}
	return err
}

// DestroyRandom ends one of the side's established connections that have port at either end, chosen by rng, and returns
// it. ErrNoConnection: there was none, or it was gone before it could be ended.
func (l *Lab) DestroyRandom(side Side, rng *rand.Rand, port uint16) (Conn, error) {
	list, err := l.Connections(side, port)
	if err != nil {
		return Conn{}, err
	}
	if len(list) == 0 {
		return Conn{}, ErrNoConnection
	}
	c := list[rng.IntN(len(list))]
	return c, l.Destroy(side, c)
}

// dump lists the established connections of one address family in the calling thread's namespace.
func dump(family uint8) ([]Conn, error) {
	var sockets []*netlink.Socket
	var err error
	for range dumpTries {
		sockets, err = netlink.SocketDiagTCP(family)
		if !errors.Is(err, netlink.ErrDumpInterrupted) {
			break
		}
	}
	if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
		return nil, err
	}
	var list []Conn
	for _, s := range sockets {
		if s.State == netlink.TCP_ESTABLISHED {
			list = append(list, Conn{
				Local:  addrPort(s.ID.Source, s.ID.SourcePort),
				Remote: addrPort(s.ID.Destination, s.ID.DestinationPort),
			})
		}
	}
	return list, nil
}

// addrPort returns IPv4 addresses as IPv4, also for a socket of the IPv6 family.
func addrPort(ip net.IP, port uint16) netip.AddrPort {
	addr, _ := netip.AddrFromSlice(ip)
	return netip.AddrPortFrom(addr.Unmap(), port)
}
