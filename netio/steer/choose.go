package steer

import (
	"fmt"

	"github.com/cilium/ebpf"

	"viamillipede/netio/bpf"
)

// Sockets are the listeners among which programs choose. The kernel lets a socket be in one of these at a time.
type Sockets struct {
	sockets *ebpf.Map
	n       int
}

// NewSockets makes room for n listeners. The caller closes the result. Errors: bpf.ErrNotPermitted, or no such kernel.
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

// Put makes a socket listener number i of those that there are, 0 to n-1. It has to listen already, and to share its port
// (SO_REUSEPORT). It leaves when it is closed.
func (s *Sockets) Put(i, fd int) error {
	if err := s.sockets.Put(uint32(i), uint64(fd)); err != nil {
		return fmt.Errorf("put listener %d into the map: %w", i, bpf.Reason(err))
	}
	return nil
}

// Close lets go of the map. Programs that were loaded keep it.
func (s *Sockets) Close() error { return s.sockets.Close() }

// Load loads a program that gives connections which CPU c handles to listener owners[c], and leaves those of a CPU whose
// listener is -1, and of one that is not in owners, to the kernel's hash. It takes effect when the kernel is told to use it
// (SO_ATTACH_REUSEPORT_EBPF, socket(7)), which keeps it from then on; the caller closes the result. Errors:
// bpf.ErrNotPermitted, or no such kernel.
func (s *Sockets) Load(owners []int) (*ebpf.Program, error) {
	if len(owners) == 0 {
		owners = []int{-1} // there are no empty maps
	}
	var objects ChooseObjects
	err := bpf.Load(LoadChoose, &objects, bpf.Changes{
		Maps: map[string]*ebpf.Map{"listeners": s.sockets},
		Alter: func(spec *ebpf.CollectionSpec) {
			spec.Maps["listeners"].MaxEntries = uint32(s.n)
			list := spec.Maps["owners"]
			list.MaxEntries = uint32(len(owners))
			for cpu, owner := range owners {
				list.Contents = append(list.Contents, ebpf.MapKV{Key: uint32(cpu), Value: uint32(owner)}) // -1 is beyond all
			}
		},
	})
	if err != nil {
		return nil, fmt.Errorf("load the program that chooses listeners: %w", err)
	}
	_ = objects.ChooseMaps.Close() // the program keeps them
	return objects.Choose, nil
}
