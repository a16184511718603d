package probe

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/features"

	"viamillipede/netio/provenance"
)

// programs are the types of BPF programs that may be of use, by the names that the kernel has for them.
var programs = map[string]ebpf.ProgramType{
	"SYSCALL":       ebpf.Syscall,
	"SK_REUSEPORT":  ebpf.SkReuseport,
	"SOCKET_FILTER": ebpf.SocketFilter,
	"SOCK_OPS":      ebpf.SockOps,
}

// Program tries to load the smallest BPF program of a type, "SYSCALL", "SK_REUSEPORT", "SOCKET_FILTER" or "SOCK_OPS". The
// answer is found once for each process.
func Program(kind string) error {
	t, ok := programs[kind]
	if !ok {
		return fmt.Errorf("BPF program of type %s: %w", kind, errors.ErrUnsupported)
	}
	err := features.HaveProgramType(t)
	if errors.Is(err, ebpf.ErrNotSupported) {
		return fmt.Errorf("BPF programs of type %s: %w", kind, errors.ErrUnsupported)
	}
	return short(err)
}

// short leaves out the library's way to what the kernel said; what another call said has its name already.
func short(err error) error {
	if other, ok := errors.AsType[*os.SyscallError](err); ok {
		return other
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return os.NewSyscallError("bpf", errno)
	}
	return err
}

// Provenance tries the check that lets pipes be sent by reference (package provenance), and gives what a check of a full
// pipe costs.
func Provenance() (cost time.Duration, err error) {
	c, err := provenance.New()
	if err != nil {
		return 0, short(err)
	}
	return c.Cost(), c.Close()
}
