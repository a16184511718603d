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

// Main runs a program that starts processes, and exits: with 0, or with 1 and a line on standard error. ctx ends with
// SIGINT and SIGTERM. It must be called by the first goroutine. If the program was started as a producer or consumer
// (package ends), it acts as that.
func Main(name string, run func(ctx context.Context) error) {
	if status, ok := ends.Play(os.Args[1:]); ok {
		os.Exit(status)
	}
	// Children die with the thread that started them (PR_SET_PDEATHSIG(2const)), so that thread must stay alive.
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
