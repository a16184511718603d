package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
)

// role is what this program is when it is started by itself.
type role struct {
	name string
	args int
	run  func(args []string) (status int)
}

func roles() []role {
	return []role{
		{"empty", 0, func([]string) int { return 0 }},
		{"gen", 2, alone(gen)},
		{"sink", 3, alone(sink)},
		{"copy-tx", 1, alone(copyTX)},
		{"file-tx", 1, alone(fileTX)},
		{"file-rx", 1, alone(fileRX)},
		{"limit-rx", 1, alone(limitRX)},
		{"limit-tx", 1, alone(limitTX)},
	}
}

// roleOf finds the role that a command line names, if it does.
func roleOf(argv []string) (role, bool) {
	if len(argv) < 2 {
		return role{}, false
	}
	for _, r := range roles() {
		if argv[1] == r.name && len(argv) == 2+r.args {
			return r, true
		}
	}
	return role{}, false
}

// alone runs a role on one thread, without a garbage collector that could ask it to stop: its raw system calls (raw.go)
// do not tell Go's scheduler that they wait.
func alone(work func(args []string) error) func([]string) int {
	return func(args []string) int {
		debug.SetGCPercent(-1)
		runtime.LockOSThread()
		if err := work(args); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	}
}
