package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"viamillipede/cmd/viamillipede/internal/child"
)

// TestMain lets the scripts run this very binary as viamillipede.
func TestMain(m *testing.M) {
	child.Keep()
	heedStopSignals()
	testscript.Main(tests{m}, map[string]func(){"viamillipede": main, standInName: standIn})
}

// TestDir is a folder for all tests of a run, those of package main_test too. It is removed after the last one.
var TestDir string

// sideBySide is how many tests run at the same time where -parallel does not say it: most of them wait for most of their time, so the
// number of CPUs is not what counts.
const sideBySide = "8"

// tests is all tests of a run.
type tests struct{ *testing.M }

// Run runs them, and gives the exit status.
func (m tests) Run() int {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "test.parallel" })
	dir, err := os.MkdirTemp("", "viamillipede-")
	if err == nil && !asked {
		err = flag.Set("test.parallel", sideBySide)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	TestDir = dir
	run := filepath.Join(dir, "run")
	if err := os.Mkdir(run, 0o700); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	os.Setenv("XDG_RUNTIME_DIR", run) // sockets of control go with it
	return m.M.Run()
}

// heedStopSignals undoes what nohup or a shell's "&" did to this process: a program that starts with a signal ignored
// keeps it so, and the scripts are about what the signal does. A program started by us begins with the default.
func heedStopSignals() {
	if name := filepath.Base(os.Args[0]); name == "viamillipede" || name == standInName {
		return // this is the program, run by a script
	}
	os.Setenv("COLUMNS", "1000") // whole status tables, for those that read them
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGHUP} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		Setup:               setup,
		Cmds:                scriptCommands,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// portsPerScript is how many of $PORT1, $PORT2 ... a script has.
const portsPerScript = 4

// setup gives a script its free ports and its cast of background programs.
func setup(env *testscript.Env) error {
	for i := range portsPerScript {
		port, err := freePort()
		if err != nil {
			return err
		}
		env.Setenv(fmt.Sprintf("PORT%d", i+1), fmt.Sprint(port))
	}
	env.Setenv("TWOLINES", "a\nb")
	env.Setenv("XDG_RUNTIME_DIR", env.WorkDir) // the programs of a script find those of no other
	c := &cast{actors: map[string]*actor{}}
	env.Values[castKey{}] = c
	env.Defer(c.dismiss)
	return nil
}

// freePort finds a port that nobody listens on, below the range that the kernel takes the source ports of outgoing
// links from: otherwise one of those could take it first.
func freePort() (int, error) {
	for range 100 {
		port := 10000 + int(nextPort.Add(1))%20000
		l, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("no free port found")
}
