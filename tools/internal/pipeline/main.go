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

// Main reads the settings of a program that starts processes, runs it, and exits: with 0, or with 1 and a line on standard
// error that begins with name. ctx ends with SIGINT and SIGTERM. It must be called by the first goroutine. If the program was
// started as a producer or consumer (package ends), it acts as that.
func Main[S any](name string, parse func() (S, error), run func(ctx context.Context, set S) error) {
	if status, ok := ends.Play(os.Args[1:]); ok {
		os.Exit(status)
	}
	// Children die with the thread that started them (PR_SET_PDEATHSIG(2const)), so that thread must stay alive.
	runtime.LockOSThread()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	set, err := parse()
	if err == nil {
		err = run(ctx, set)
	}
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
	os.Exit(0)
}
