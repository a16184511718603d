package steer

import (
	"fmt"

	"github.com/cilium/ebpf"

	"viamillipede/netio/bpf"
)

// Sockets is the set of listeners among which programs choose. The kernel allows a socket in only one such set at a time.
type Sockets struct {
	sockets *ebpf.Map
	n       int
}

// NewSockets makes room for n listeners. The caller closes the result. Errors: bpf.ErrNotPermitted, or that the kernel
// lacks the feature.
func NewSockets(n int) (*Sockets, error) {
	spec, err := LoadChoose()
	if err != nil {
		return nil, err
	}
	listeners := spec.Maps["listeners"]
	listeners.MaxEntries = uint32(n)
	m, err := ebpf.NewMap(listeners)
	if err != nil {
		return nil, fmt.Errorf("make the map of listeners: %w", bpf.Reason(err))
	}
	return &Sockets{sockets: m, n: n}, nil
}

// Put makes a socket listener number i, 0 to n-1. It must already listen and share its port (SO_REUSEPORT). Closing the
// socket removes it.
func (s *Sockets) Put(i, fd int) error {
	if err := s.sockets.Put(uint32(i), uint64(fd)); err != nil {
		return fmt.Errorf("put listener %d into the map: %w", i, bpf.Reason(err))
	}
	return nil
}

// Close closes the map. Loaded programs keep it alive.
func (s *Sockets) Close() error { return s.sockets.Close() }

// Load loads a program that gives connections handled by CPU c to listener owners[c]. If that is -1 or c is beyond
// owners, it leaves them to the kernel's hash. The program takes effect once it is attached (SO_ATTACH_REUSEPORT_EBPF,
// socket(7)); the kernel then keeps it, and the caller closes the result. Errors: bpf.ErrNotPermitted, or that the kernel
// lacks the feature.
func (s *Sockets) Load(owners []int) (*ebpf.Program, error) {
	if len(owners) == 0 {
		owners = []int{-1} // a map cannot be empty
	}
	var objects ChooseObjects
	err := bpf.Load(LoadChoose, &objects, bpf.Changes{
		Maps: map[string]*ebpf.Map{"listeners": s.sockets},
		Alter: func(spec *ebpf.CollectionSpec) {
			spec.Maps["listeners"].MaxEntries = uint32(s.n)
			list := spec.Maps["owners"]
			list.MaxEntries = uint32(len(owners))
			for cpu, owner := range owners {
				list.Contents = append(list.Contents, ebpf.MapKV{Key: uint32(cpu), Value: uint32(owner)}) // -1 becomes a key beyond all listeners
			}
		},
	})
	if err != nil {
		return nil, fmt.Errorf("load the program that chooses listeners: %w", err)
	}
	_ = objects.ChooseMaps.Close() // the program keeps them alive
	return objects.Choose, nil
}
