package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"time"
)

// processors is how many goroutines may run at once: enough that the loop's never waits for its turn.
const processors = 3

// run joins the two namespaces until ctx ends, and calls ready when both devices are up. Errors: the setup failed, or a
// device was removed.
func run(ctx context.Context, set settings, ready func()) (result [2]counts, err error) {
	runtime.GOMAXPROCS(max(processors, runtime.GOMAXPROCS(0)))
	var devices [2]*device
	for i, e := range set.ends {
		if devices[i], err = newDevice(e, set.name, set.mtu); err != nil {
			return result, fmt.Errorf("end %c: %w", 'a'+i, err)
		}
		defer devices[i].close()
	}
	r, w, err := os.Pipe() // closing w wakes the loop
	if err != nil {
		return result, err
	}
	defer r.Close()
	context.AfterFunc(ctx, func() { w.Close() })

	l := &loop{stop: int(r.Fd()), start: time.Now()}
	for i := range l.ways {
		l.ways[i] = &way{
			from: devices[i].fd, to: devices[1-i].fd, mtu: set.mtu, line: newLine(set.shape, set.seed, uint64(i)),
		}
	}
	ready()
	ended := make(chan error)
	go func() { ended <- l.run(ctx) }()
	err = <-ended
	for i, w := range l.ways {
		result[i] = w.counts
		result[i].missed = devices[i].missed()
	}
	return result, err
}
