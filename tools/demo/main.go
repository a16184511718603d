// Command demo shows a stream that survives. It starts a receiver and a sender on this machine and moves a tar of a
// source tree from one to the other, over 16 links and with checksums, while the chaos keyword cuts one link after
// another. Halfway it asks both ends for their status tables; at the end it compares what came out with what went in.
//
// It exits with 0 only if both programs did and the digests are the same. It writes nothing to disk and, unless it is
// killed with SIGKILL, ends after both programs have ended.
package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"viamillipede/tools/internal/pipeline"
)

const (
	links = 16
	chaos = 25               // leg operations between two cuts: dozens of cuts in a stream of some hundred MiB
	limit = 50 * time.Second // for the whole demonstration; a few seconds are typical
)

// settings are the command line.
type settings struct{ program, source string }

func main() {
	pipeline.Main("demo: FAIL", parse, show)
}

func parse() (settings, error) {
	var set settings
	flag.StringVar(&set.program, "program", "bin/viamillipede", "the program to show")
	flag.StringVar(&set.source, "source", "", "the folder to move")
	flag.Parse()
	return set, nil
}

func show(ctx context.Context, set settings) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not done within %v", limit))
	defer cancel()
	if err := demonstrate(ctx, set.program, set.source); err != nil {
		return err
	}
	fmt.Println("\nPASS: what came out is what went in")
	return nil
}
