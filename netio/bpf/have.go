package bpf

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/features"
)

// Answer is what is known of a kernel feature.
type Answer int

// The answers. Yes and No are kept for the life of the process; after Unknown the kernel is asked again.
const (
	Unknown Answer = iota // could not tell, for example without the rights to ask
	Yes
	No
)

// Types are the program types used here, by the kernel's names.
var Types = map[string]ebpf.ProgramType{
	"SYSCALL":       ebpf.Syscall,
	"SK_REUSEPORT":  ebpf.SkReuseport,
	"SOCKET_FILTER": ebpf.SocketFilter,
	"SOCK_OPS":      ebpf.SockOps,
}

// nameOf is the kernel's name of a type, or the library's if it is not one of Types.
func nameOf(kind ebpf.ProgramType) string {
	for name, k := range Types {
		if k == kind {
			return name
		}
	}
	return kind.String()
}

// Have asks whether programs of a type can be loaded, by loading the smallest one. The error is nil with Yes, wraps
// errors.ErrUnsupported with No, and with Unknown says why: see Reason. The library keeps the answers.
func Have(kind ebpf.ProgramType) (Answer, error) {
	switch err := features.HaveProgramType(kind); {
	case err == nil:
		return Yes, nil
	case errors.Is(err, ebpf.ErrNotSupported):
		return No, fmt.Errorf("BPF programs of type %s: %w", nameOf(kind), errors.ErrUnsupported)
	default:
		return Unknown, Reason(err)
	}
}
