package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	program "viamillipede/cmd/viamillipede"
	"viamillipede/netio/lab"
)

// The tests of the files p1_ to p11_ hold the program to what it promises, each to the promise of that number; those of the files
// lab_ are of what it has beside. They run it between two hosts which they make (netio/lab), and break the network, the program and its
// neighbours. They need root. Each begins with one of these:
//
//	hosts     it runs side by side with others, in namespaces of its own: it awaits what it needs, and measures no speed
//	alone     it has the machine for itself
//	measured  it measures what a stream carries, has the machine for itself, and runs only when that is wanted (make lab)
//
// Under -short and the race detector the streams are shorter.

// hosts gives the programs to a test that runs beside others.
func hosts(t *testing.T) programs {
	t.Helper()
	t.Parallel()
	return alone(t)
}

// alone gives the programs to a test that runs before all that run side by side.
func alone(t *testing.T) programs {
	t.Helper()
	lab.New(t, lab.Config{}) // not root: one line, and nothing is built
	p, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// measured gives the programs to a test of speed. It is skipped where nobody asked for one, and where the race detector's own work
// would be measured.
func measured(t *testing.T) programs {
	t.Helper()
	if !long(true, false) || labRace {
		t.Skip("speed is measured by make lab")
	}
	return alone(t)
}

// programs are what the lab's tests run, built once.
type programs struct {
	viamillipede string
	consume      string // reads a counter stream from standard input; see netio/lab/consume
	produce      string // writes one; see netio/lab/produce
	refuse       string // runs a program without some system calls; see netio/lab/refuse
	delay        string // is a path that takes its time; see tools/delay
}

// built builds into a folder that other users can reach. The programs are watched by the race detector if the test is, except
// delay, which would then be too slow for its rates.
var built = sync.OnceValues(func() (programs, error) {
	dir := program.TestDir
	if err := os.Chmod(dir, 0o755); err != nil {
		return programs{}, err
	}
	if err := build(dir, fmt.Sprintf("-race=%v", labRace), ".", "viamillipede/netio/lab/..."); err != nil {
		return programs{}, err
	}
	if err := build(dir, "viamillipede/tools/delay"); err != nil {
		return programs{}, err
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	return programs{in("viamillipede"), in("consume"), in("produce"), in("refuse"), in("delay")}, nil
})

// build runs go build.
func build(dir string, args ...string) error {
	args = append([]string{"build", "-o", dir + "/"}, args...)
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}
