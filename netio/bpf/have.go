package bpf

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/features"
)

// Answer is what is known of a thing that a kernel may have.
type Answer int

// The answers. Yes and No are kept for the life of the process; what could not be told is asked again.
const (
	Unknown Answer = iota // could not tell, as for want of rights
	Yes
	No
)

// Types are the types of programs that are of use here, by the names that the kernel has for them.
var Types = map[string]ebpf.ProgramType{
	"SYSCALL":       ebpf.Syscall,
	"SK_REUSEPORT":  ebpf.SkReuseport,
	"SOCKET_FILTER": ebpf.SocketFilter,
	"SOCK_OPS":      ebpf.SockOps,
}

// nameOf is the kernel's name of a type, or the library's.
func nameOf(kind ebpf.ProgramType) string {
	for name, k := range Types {
		if k == kind {
			return name
		}
	}
	return kind.String()
}

// Have asks whether programs of a type can be loaded, by loading the smallest one. The error is nil with Yes, wraps
// errors.ErrUnsupported with No, and says with Unknown why it could not be told: see Reason. The library keeps the answers.
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
