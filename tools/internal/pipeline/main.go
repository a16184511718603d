package pipeline

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"viamillipede/tools/internal/ends"
)

// Main runs a program that starts processes, and exits: with 0, or with 1 and a line on standard error. ctx ends with SIGINT and
// SIGTERM. It is called by the first goroutine. A program that was started as a producer or a consumer (package ends) is that.
func Main(name string, run func(ctx context.Context) error) {
	if status, ok := ends.Play(os.Args[1:]); ok {
		os.Exit(status)
	}
	// Children are told to die with the thread that started them (PR_SET_PDEATHSIG(2const)): it must be one that stays.
	runtime.LockOSThread()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
	os.Exit(0)
}
