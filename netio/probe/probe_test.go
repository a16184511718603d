package probe

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"viamillipede/netio/bpf"
)

// open counts this process's descriptors.
func open(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// TestMoves: the ways exist or are refused, and leave nothing open. Which of them copy is the kernel's to decide; that a tee
// never copies is documented (tee(2)).
func TestMoves(t *testing.T) {
	_, _ = Moves(Vmsplice) // what the runtime opens once, it has open now
	had := open(t)
	for _, way := range []Way{Vmsplice, Splice, Tee} {
		byReference, err := Moves(way)
		t.Logf("%s: by reference %v, %v", way, byReference, err)
		if err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %v", way, err)
		}
	}
	if _, err := Moves("teleport"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("teleport: %v", err)
	}
	if now := open(t); now != had {
		t.Errorf("%d descriptors open, %d before", now, had)
	}
}

// TestPipe: a size that everybody may have, and one that nobody gets.
func TestPipe(t *testing.T) {
	page := os.Getpagesize()
	if size, err := Pipe(2 * page); size != 2*page || err != nil {
		t.Errorf("two pages: %d, %v", size, err)
	}
	if size, err := Pipe(1 << 31); size <= 0 || size >= 1<<31 || err == nil {
		t.Errorf("2 GiB: %d, %v", size, err)
	}
}

func TestLimits(t *testing.T) {
	if n, err := OpenFiles(); err != nil || n < 8 {
		t.Errorf("open files: %d, %v", n, err)
	}
	if _, err := LockedMemory(); err != nil {
		t.Errorf("locked memory: %v", err)
	}
	if err := ZeroCopy(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("zero copy: %v", err)
	}
}

// TestPrograms: a right, or its want, is told; no other answer comes.
func TestPrograms(t *testing.T) {
	for kind := range bpf.Types {
		err := Program(kind)
		t.Logf("%s: %v", kind, err)
		if err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, bpf.ErrNotPermitted) {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if err := Program("FROBNICATE"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("FROBNICATE: %v", err)
	}
}
