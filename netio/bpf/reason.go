package bpf

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/cilium/ebpf"
)

// ErrNotPermitted is that this process has not the rights for what it asked of bpf(2): CAP_BPF and, for most programs,
// CAP_PERFMON or CAP_NET_ADMIN. Another thread may have them, or the same one later: it is never kept. An error that is this
// one is fs.ErrPermission too.
var ErrNotPermitted = errors.New("BPF is not permitted")

// refusal is an ErrNotPermitted, with what the kernel said.
type refusal struct{ error }

func (refusal) Is(target error) bool { return target == ErrNotPermitted }
func (r refusal) Unwrap() error      { return r.error }

// Reason is what is worth showing of an error of the library, on one line: neither the verifier's line for each instruction, nor
// guesses about memory where rights are missing. (ErrNotPermitted): for want of rights. (errors.ErrUnsupported): the kernel has
// no such thing. (*os.SyscallError): what the kernel, or another call, said. nil stays nil.
func Reason(err error) error {
	if v, ok := errors.AsType[*ebpf.VerifierError](err); ok {
		err = v.Cause
	}
	if errors.Is(err, ebpf.ErrNotSupported) {
		return fmt.Errorf("bpf: %w", errors.ErrUnsupported)
	}
	if other, ok := errors.AsType[*os.SyscallError](err); ok {
		err = other // it has the name of its call
	} else if errno, ok := errors.AsType[syscall.Errno](err); ok {
		err = os.NewSyscallError("bpf", errno)
	}
	if errors.Is(err, os.ErrPermission) && !errors.Is(err, ErrNotPermitted) {
		return refusal{err}
	}
	return err
}
