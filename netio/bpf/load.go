package bpf

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
)

// Object reads a compiled object; bpf2go makes such functions. It is called for each load, and not before: to read an object takes a
// good part of a millisecond.
type Object func() (*ebpf.CollectionSpec, error)

// Changes are made to an object before it is loaded.
type Changes struct {
	Alter func(*ebpf.CollectionSpec) // sizes and contents of its maps; nil is nothing
	Maps  map[string]*ebpf.Map       // taken in place of the object's own, by name; they stay the caller's
}

// Load loads what the fields of into name, programs and maps (ebpf.CollectionSpec.LoadAndAssign), which the caller closes then.
// On an error, see Reason, nothing is loaded.
func Load(object Object, into any, changes Changes) error {
	spec, err := object()
	if err != nil {
		return fmt.Errorf("read a compiled BPF object: %w", err)
	}
	if changes.Alter != nil {
		changes.Alter(spec)
	}
	err = Reason(spec.LoadAndAssign(into, &ebpf.CollectionOptions{MapReplacements: changes.Maps}))
	if err == nil || errors.Is(err, ErrNotPermitted) {
		return err
	}
	for _, p := range spec.Programs { // a kernel without a type of programs has many words for that
		if answer, why := Have(p.Type); answer == No {
			return why
		}
	}
	return err
}
