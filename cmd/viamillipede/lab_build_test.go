package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// programs are what the lab's tests run, built once.
type programs struct {
	viamillipede string
	consume      string // reads a counter stream from standard input; see netio/lab/consume
	produce      string // writes one; see netio/lab/produce
	refuse       string // runs a program without some system calls; see netio/lab/refuse
	delay        string // is a path that takes its time; see tools/delay
}

// buildPrograms builds into a folder that other users can reach, and that is removed with the test. The programs are
// watched by the race detector if the test is, but for delay, which would then be too slow for its rates.
func buildPrograms(t *testing.T) programs {
	t.Helper()
	dir := t.TempDir()
	for _, open := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(open, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	build(t, dir, fmt.Sprintf("-race=%v", labRace), ".", "viamillipede/netio/lab/...")
	build(t, dir, "viamillipede/tools/delay")
	in := func(name string) string { return filepath.Join(dir, name) }
	return programs{in("viamillipede"), in("consume"), in("produce"), in("refuse"), in("delay")}
}

// build runs go build.
func build(t *testing.T, dir string, args ...string) {
	t.Helper()
	args = append([]string{"build", "-o", dir + "/"}, args...)
	if out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
}
