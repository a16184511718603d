package bpf

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/cilium/ebpf"
)

// TestReason: one line, and one sentinel for each kind of answer.
func TestReason(t *testing.T) {
	verifier := &ebpf.VerifierError{Cause: fmt.Errorf("load program: %w (MEMLOCK may be too low)", syscall.EPERM), Log: []string{"0: r0 = 0", "1: exit"}}
	for _, test := range []struct {
		name      string
		err       error
		text      string
		permitted bool
		supported bool
	}{
		{"NoRights", fmt.Errorf("map create: %w (MEMLOCK may be too low)", syscall.EPERM), "bpf: operation not permitted", false, true},
		{"NoRightsVerifier", fmt.Errorf("program look: %w", verifier), "bpf: operation not permitted", false, true},
		{"NoAccess", syscall.EACCES, "bpf: permission denied", false, true},
		{"OtherCall", fmt.Errorf("probe: %w", os.NewSyscallError("setrlimit", syscall.EPERM)), "setrlimit: operation not permitted", false, true},
		{"NoSuchType", fmt.Errorf("program type: %w", ebpf.ErrNotSupported), "bpf: unsupported operation", true, false},
		{"Refused", fmt.Errorf("program: %w", &ebpf.VerifierError{Cause: syscall.EINVAL, Log: []string{"a", "b"}}), "bpf: invalid argument", true, true},
		{"Other", errors.New("field Note: no such program"), "field Note: no such program", true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := Reason(test.err)
			if got.Error() != test.text || Reason(got).Error() != test.text {
				t.Errorf("%v, and again %v, want %s", got, Reason(got), test.text)
			}
			for _, sentinel := range []error{ErrNotPermitted, fs.ErrPermission} {
				if errors.Is(got, sentinel) == test.permitted {
					t.Errorf("%v is %v: %v", got, sentinel, !test.permitted)
				}
			}
			if errors.Is(got, errors.ErrUnsupported) == test.supported {
				t.Errorf("%v is not supported: %v", got, !test.supported)
			}
		})
	}
	if Reason(nil) != nil {
		t.Error("nil has a reason")
	}
}

// TestHave: each answer has its error, and a right, or its want, is told.
func TestHave(t *testing.T) {
	for _, kind := range []ebpf.ProgramType{ebpf.Syscall, ebpf.SkReuseport, ebpf.SocketFilter, ebpf.SockOps, ebpf.ProgramType(1 << 20)} {
		answer, err := Have(kind)
		t.Logf("%v: %v, %v", kind, answer, err)
		if (answer == Yes) != (err == nil) || (answer == No) != errors.Is(err, errors.ErrUnsupported) || (err != nil && strings.Contains(err.Error(), "\n")) {
			t.Errorf("%v: %v, %v", kind, answer, err)
		}
	}
}

// TestLoadFails: what an object lacks, and one that cannot be read.
func TestLoadFails(t *testing.T) {
	empty := func() (*ebpf.CollectionSpec, error) { return &ebpf.CollectionSpec{}, nil }
	var into struct {
		P *ebpf.Program `ebpf:"missing"`
	}
	altered := false
	err := Load(empty, &into, Changes{Alter: func(*ebpf.CollectionSpec) { altered = true }})
	if err == nil || !strings.Contains(err.Error(), "missing") || !altered {
		t.Errorf("%v, altered %v", err, altered)
	}
	broken := errors.New("broken")
	if err := Load(func() (*ebpf.CollectionSpec, error) { return nil, broken }, &into, Changes{}); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}
