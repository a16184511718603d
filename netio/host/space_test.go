package host

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

const spaceLimit = 1 << 40

// What is mapped already counts. A process of its own takes the limits on, since they cannot be lifted again without a right.
func TestSpace(t *testing.T) {
	if os.Getenv("VIAMILLIPEDE_SPACE") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestSpace$")
		cmd.Env = append(os.Environ(), "VIAMILLIPEDE_SPACE=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return
	}
	if s := root(t, 5, 4).Space(); s.By != "" {
		t.Skipf("limited by %s here", s.By)
	}
	for _, c := range []struct {
		resource int
		limit    uint64
		want     Space
	}{
		{unix.RLIMIT_AS, spaceLimit, Space{spaceLimit - 5<<10, "ulimit -v"}},
		{unix.RLIMIT_DATA, spaceLimit - 2<<10, Space{spaceLimit - 6<<10, "ulimit -d"}},
	} {
		if err := unix.Setrlimit(c.resource, &unix.Rlimit{Cur: c.limit, Max: c.limit}); err != nil {
			t.Fatal(err)
		}
		if got := root(t, 5, 4).Space(); got != c.want {
			t.Errorf("%+v, want %+v", got, c.want)
		}
	}
	if got := root(t, spaceLimit>>10, 4).Space(); got != (Space{0, "ulimit -v"}) {
		t.Errorf("with all of it mapped: %+v", got)
	}
}

// root has a process that has mapped so many KiB.
func root(t *testing.T, size, data int) Root {
	t.Helper()
	dir := t.TempDir()
	status := filepath.Join(dir, "proc/self/status")
	if err := os.MkdirAll(filepath.Dir(status), 0o755); err != nil {
		t.Fatal(err)
	}
	text := "VmSize:\t" + strconv.Itoa(size) + " kB\nVmData:\t" + strconv.Itoa(data) + " kB\n"
	if err := os.WriteFile(status, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return Root(dir)
}
