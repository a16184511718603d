package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"

	"github.com/vishvananda/netlink"
)

// Side is one of the two hosts.
type Side int

// The two hosts.
const (
	TX Side = 0 // the sender's host: 198.18.<path>.1
	RX Side = 1 // the receiver's host: 198.18.<path>.2
)

func (s Side) String() string { return [...]string{"tx", "rx"}[s] }

// other is the host at the far end of every path.
func (s Side) other() Side { return 1 - s }

// MaxPaths is how many paths fit into the addresses 198.18.<path>.0/24.
const MaxPaths = 256

// Config describes a lab.
type Config struct {
	Paths   int     // veth pairs between the two sides
	Delayed []Delay // the paths after those; at most MaxPaths in all
	Queues  int     // of each veth device, in each direction; 0 means 1
	Sysfs   bool    // programs that run on a side see that side's devices in /sys, as on a host

	DelayProgram string // the file of tools/delay, for Delayed
}

// Lab is two hosts joined by paths. Its methods may be called from any goroutine.
type Lab struct {
	paths int
	veths int // number of veth paths, which come first; the others are delayed
	sides [2]*space
	ctx   context.Context // ends with the lab; no program outlives it
	stop  context.CancelFunc

	filters   sync.Once // guards filtering; see Filters
	filtering bool

	mu       sync.Mutex
	commands []*Cmd // every program started, reaped in close
}

// ErrNotHere says that a lab is not possible on this machine or for this user.
var ErrNotHere = errors.New("not possible here")

// Test is what a lab needs from a test; *testing.T and *testing.B implement it.
type Test interface {
	Helper()
	Cleanup(func())
	Skipf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// New makes a lab that lasts until the test's cleanup. If Open returns ErrNotHere it skips the test; with other errors
// the test fails.
func New(t Test, config Config) *Lab {
	t.Helper()
	l, err := Open(config)
	switch {
	case errors.Is(err, ErrNotHere):
		t.Skipf("%v", err)
	case err != nil:
		t.Fatalf("%v", err)
	}
	t.Cleanup(l.Close)
	return l
}

// Open makes a lab for a program that is not a test; the program closes it. The error is ErrNotHere if namespaces cannot
// be made (not root), or delayed paths on a kernel without TUN devices; another error means that a path could not be
// made.
func Open(config Config) (*Lab, error) {
	paths := config.Paths + len(config.Delayed)
	if config.Paths < 0 || paths > MaxPaths {
		return nil, fmt.Errorf("lab: %d paths, want 0 to %d", paths, MaxPaths)
	}
	if _, err := os.Stat(tunFile); err != nil && len(config.Delayed) > 0 {
		return nil, fmt.Errorf("lab: delayed paths are %w: %w", ErrNotHere, err)
	}
	l := &Lab{paths: paths, veths: config.Paths}
	l.ctx, l.stop = context.WithCancel(context.Background())
	if err := l.make(config); err != nil {
		l.Close()
		return nil, fmt.Errorf("lab: %w", err)
	}
	return l, nil
}

func (l *Lab) make(config Config) error {
	for side := range l.sides {
		s, err := newSpace(config.Sysfs)
		if err != nil {
			return fmt.Errorf("network namespaces are %w (they need root): %w", ErrNotHere, err)
		}
		l.sides[side] = s
	}
	if err := l.build(config.Queues); err != nil {
		return err
	}
	for i, d := range config.Delayed {
		if err := l.delayed(config.Paths+i, config.DelayProgram, d); err != nil {
			return fmt.Errorf("make path %d: %w", config.Paths+i, err)
		}
	}
	return nil
}

// Close ends the programs and both sides; the kernel removes everything in them.
func (l *Lab) Close() {
	l.stop()
	l.mu.Lock()
	commands := l.commands
	l.mu.Unlock()
	for _, c := range commands {
		c.reap()
	}
	for _, s := range l.sides {
		if s != nil {
			s.close()
		}
	}
}

func (l *Lab) build(queues int) error {
	for i := range l.veths {
		if err := l.join(i, queues); err != nil {
			return fmt.Errorf("make path %d: %w", i, err)
		}
	}
	for side := range l.sides {
		if err := l.sides[side].do(func() error { return l.raise(Side(side)) }); err != nil {
			return err
		}
	}
	return nil
}

// join makes the veth pair of path i, one end on each side and still down, with that many queues; 0 leaves it to the
// kernel.
func (l *Lab) join(i, queues int) error {
	return l.sides[TX].do(func() error {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = device(i)
		attrs.NumTxQueues, attrs.NumRxQueues = queues, queues // of both ends
		pair := netlink.NewVeth(attrs)
		pair.PeerName = device(i)
		pair.PeerNamespace = netlink.NsFd(l.sides[RX].ns)
		return netlink.LinkAdd(pair)
	})
}

// raise brings up every veth device of a side and gives it its address. It runs on the side's thread.
func (l *Lab) raise(side Side) error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("find loopback: %w", err)
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		return fmt.Errorf("set loopback up: %w", err)
	}
	for i := range l.veths {
		dev, err := netlink.LinkByName(device(i))
		if err != nil {
			return fmt.Errorf("find path %d: %w", i, err)
		}
		net24 := &net.IPNet{IP: address(side, i), Mask: net.CIDRMask(24, 32)}
		if err := netlink.AddrAdd(dev, &netlink.Addr{IPNet: net24}); err != nil {
			return fmt.Errorf("address path %d: %w", i, err)
		}
		if err := netlink.LinkSetUp(dev); err != nil {
			return fmt.Errorf("set path %d up: %w", i, err)
		}
	}
	return nil
}

// Paths is the number of paths.
func (l *Lab) Paths() int { return l.paths }

// Address is the IPv4 address of a side on path i.
func (l *Lab) Address(side Side, i int) string { return address(side, i).String() }

func address(side Side, i int) net.IP { return net.IPv4(198, 18, byte(i), byte(1+side)).To4() }

// device is the name of path i's device, the same on both sides.
func device(i int) string { return fmt.Sprintf("p%d", i) }
