package probe

import (
	"errors"
	"fmt"
	"time"

	"viamillipede/netio/bpf"
	"viamillipede/netio/provenance"
)

// Program tries to load the smallest BPF program of a type, "SYSCALL", "SK_REUSEPORT", "SOCKET_FILTER" or "SOCK_OPS". The
// answer is found once per process.
func Program(kind string) error {
	t, ok := bpf.Types[kind]
	if !ok {
		return fmt.Errorf("BPF program of type %s: %w", kind, errors.ErrUnsupported)
	}
	_, err := bpf.Have(t)
	return err
}

// Provenance tries the check that lets pipes be sent by reference (package provenance), and returns how long a check of a
// full pipe takes.
func Provenance() (cost time.Duration, err error) {
	c, err := provenance.New()
	if err != nil {
		return 0, bpf.Reason(err)
	}
	return c.Cost(), c.Close()
}
