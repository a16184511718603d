// Package gauge has the kernel count what the links of one end do (eBPF). netio/sockstats is what counts.
package gauge

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/engine/internal/chore"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/netio/sockstats"
)

// Gauge is the socket statistics of one end. The kernel counts by itself; the loops only have to name their links to it as they come
// and go.
type Gauge struct {
	Observer  observe.Observer
	Load      chore.Chore                         // its goroutine, at the start, which its owner starts and Close joins
	collector atomic.Pointer[sockstats.Collector] // nil: not yet, or never

	mu     sync.Mutex
	closed bool // guarded by mu
}

// Open loads the programs, and makes the loops name the links that are up by then. attach posts to so
// many loops, each of which answers once on the channel. A connection made earlier may still become a link within the given time, unless ctx ends
// first.
func (g *Gauge) Open(ctx context.Context, within time.Duration, cfg sockstats.Config, attach func() (attached <-chan struct{}, loops int)) {
	c, err := sockstats.Open(cfg)
	if err != nil {
		observe.Tell(g.Observer, observe.SocketStatistics{Err: permitted(err)})
		return
	}
	if !g.keep(c) {
		return
	}
	observe.Tell(g.Observer, observe.SocketStatistics{Cgroup: c.Cgroup(), Filter: permitted(c.Filter()), Ops: permitted(c.Ops())})
	answers, busy := context.WithTimeout(ctx, schedule.GaugePatience)
	defer busy()
	attached, loops := attach()
	for range loops {
		select {
		case <-attached:
		case <-answers.Done():
		}
	}
	chore.Sleep(ctx, within)
	_ = c.Settle()
}

// Off says that there are no statistics, because the user wants none.
func (g *Gauge) Off() { observe.Tell(g.Observer, observe.SocketStatistics{Err: errStatisticsOff}) }

// keep takes the collector over, unless the stream has ended.
func (g *Gauge) keep(c *sockstats.Collector) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		_ = c.Close()
		return false
	}
	g.collector.Store(c)
	return true
}

// Close ends it, once no loop runs and the context of its goroutine has ended. A collector that takes too long to load is closed when
// it has.
func (g *Gauge) Close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.Load.Join(schedule.HaltMost)
	if c := g.collector.Load(); c != nil {
		_ = c.Close()
	}
}

// Lost is what was not counted.
func (g *Gauge) Lost() sockstats.Lost {
	if c := g.collector.Load(); c != nil {
		return c.Lost()
	}
	return sockstats.Lost{}
}

// errStatisticsOff is why there are none when the user wants none.
var errStatisticsOff = errors.New("switched off")

// errNoStatistics is why an unprivileged user has no statistics.
var errNoStatistics = errors.New("no permission for BPF (CAP_BPF, CAP_NET_ADMIN)")

// permitted shortens an error that says that there is no permission.
func permitted(err error) error {
	if errors.Is(err, os.ErrPermission) {
		return errNoStatistics
	}
	return err
}

// Attach has the kernel count what comes in on a link's socket, until the caller closes the result; nil: nothing is counted. Each loop
// calls it for its own links.
func (g *Gauge) Attach(link, fd int) *sockstats.Link {
	c := g.collector.Load()
	if c == nil {
		return nil
	}
	l, err := c.Attach(fd)
	if err != nil {
		observe.Tell(g.Observer, observe.LinkNotCounted{Link: link, Err: err})
		return nil
	}
	return l
}
