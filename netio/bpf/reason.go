package bpf

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/cilium/ebpf"
)

// ErrNotPermitted means that the caller lacks the rights for what it asked of bpf(2): CAP_BPF and, for most programs,
// CAP_PERFMON or CAP_NET_ADMIN. It is never cached, because another thread may have the rights, or the same one later.
// Such an error is fs.ErrPermission too.
var ErrNotPermitted = errors.New("BPF is not permitted")

// refusal is an ErrNotPermitted that keeps the kernel's error.
type refusal struct{ error }

func (refusal) Is(target error) bool { return target == ErrNotPermitted }
func (r refusal) Unwrap() error      { return r.error }

// Reason reduces an error of the library to what is worth showing, on one line: without the verifier's log of each
// instruction, and without guesses about memory when rights are missing. (ErrNotPermitted): rights are missing.
// (errors.ErrUnsupported): the kernel lacks the feature. (*os.SyscallError): the error of bpf(2) or of another call. nil
// stays nil.
func Reason(err error) error {
	if v, ok := errors.AsType[*ebpf.VerifierError](err); ok {
		err = v.Cause
	}
	if errors.Is(err, ebpf.ErrNotSupported) {
		return fmt.Errorf("bpf: %w", errors.ErrUnsupported)
	}
	if other, ok := errors.AsType[*os.SyscallError](err); ok {
		err = other // it names its call
	} else if errno, ok := errors.AsType[syscall.Errno](err); ok {
		err = os.NewSyscallError("bpf", errno)
	}
	if errors.Is(err, os.ErrPermission) && !errors.Is(err, ErrNotPermitted) {
		return refusal{err}
	}
	return err
}
