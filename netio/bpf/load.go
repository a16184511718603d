package bpf

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
)

// Object reads a compiled object; bpf2go makes such functions. It is called at each load and no earlier: reading an
// object takes a good part of a millisecond.
type Object func() (*ebpf.CollectionSpec, error)

// Changes are what to change in an object before it is loaded.
type Changes struct {
	Alter func(*ebpf.CollectionSpec) // changes the sizes and contents of its maps; nil changes nothing
	Maps  map[string]*ebpf.Map       // used in place of the object's own, by name; they stay the caller's
}

// Load loads the programs and maps named by the fields of into (ebpf.CollectionSpec.LoadAndAssign); the caller closes
// them. On an error, see Reason, nothing is loaded.
func Load(object Object, into any, changes Changes) error {
	spec, err := object()
	if err != nil {
		return fmt.Errorf("read a compiled BPF object: %w", err)
	}
	if changes.Alter != nil {
		changes.Alter(spec)
	}
	err = Reason(spec.LoadAndAssign(into, &ebpf.CollectionOptions{
		MapReplacements: changes.Maps,
		Programs:        ebpf.ProgramOptions{KernelTypes: kernelTypes(spec)},
	}))
	if err == nil || errors.Is(err, ErrNotPermitted) {
		return err
	}
	for _, p := range spec.Programs { // a kernel that lacks a program type reports it in many ways
		if answer, why := Have(p.Type); answer == No {
			return why
		}
	}
	return err
}
