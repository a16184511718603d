package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"time"
)

// idleProcessors are the goroutines that may run beside the two ways without either waiting for them.
const idleProcessors = 2

// run joins the two namespaces until ctx ends, and calls ready when both devices are up. The error is that of setting up,
// or of a device that was taken away.
func run(ctx context.Context, set settings, ready func()) (result [2]counts, err error) {
	runtime.GOMAXPROCS(2 + idleProcessors)
	var devices [2]*device
	for i, e := range set.ends {
		if devices[i], err = newDevice(e, set.name, set.mtu); err != nil {
			return result, fmt.Errorf("end %c: %w", 'a'+i, err)
		}
		defer devices[i].close()
	}
	r, w, err := os.Pipe() // the end of w wakes both ways
	if err != nil {
		return result, err
	}
	defer r.Close()
	defer w.Close()

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	start := time.Now()
	var ways [2]*way
	ended := make(chan error, len(ways))
	for i := range ways {
		ways[i] = &way{
			from: devices[i].fd, to: devices[1-i].fd, stop: int(r.Fd()),
			mtu: set.mtu, start: start, line: newLine(set.shape, set.seed, uint64(i)),
		}
		go func() { ended <- ways[i].run(ctx) }()
	}
	ready()
	running := len(ways)
	select {
	case <-ctx.Done():
	case err = <-ended:
		running--
	}
	stop()
	w.Close()
	for range running {
		if e := <-ended; err == nil {
			err = e
		}
	}
	for i := range ways {
		result[i] = ways[i].counts
		result[i].missed = devices[i].missed()
	}
	return result, err
}
