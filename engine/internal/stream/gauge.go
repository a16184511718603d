package stream

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/netio/sockstats"
)

// Gauge is the socket statistics of one end. The kernel counts by itself; the loops only have to name their links to it as they come
// and go.
type Gauge struct {
	observer  observe.Observer
	load      Chore                               // its goroutine, at the start; started by Life.Measure, joined by close
	collector atomic.Pointer[sockstats.Collector] // nil: not yet, or never

	mu     sync.Mutex
	closed bool // guarded by mu
}

// open loads the programs, and makes the loops name the links that are up by then. attach posts to the loops, which answer on the
// channel, and returns how many they are. A connection made earlier may still become a link within the given time, unless ctx ends
// first.
func (g *Gauge) open(ctx context.Context, within time.Duration, cfg sockstats.Config, attach func(attached chan<- struct{}) int) {
	c, err := sockstats.Open(cfg)
	if err != nil {
		observe.Tell(g.observer, observe.SocketStatistics{Err: permitted(err)})
		return
	}
	if !g.keep(c) {
		return
	}
	observe.Tell(g.observer, observe.SocketStatistics{Cgroup: c.Cgroup(), Filter: permitted(c.Filter()), Ops: permitted(c.Ops())})
	answers, busy := context.WithTimeout(ctx, schedule.GaugePatience)
	defer busy()
	attached := make(chan struct{}, loopsMost)
	for range attach(attached) {
		select {
		case <-attached:
		case <-answers.Done():
		}
	}
	Sleep(ctx, within)
	_ = c.Settle()
}

// off says that there are no statistics, because the user wants none.
func (g *Gauge) off() { observe.Tell(g.observer, observe.SocketStatistics{Err: errStatisticsOff}) }

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

// close ends it, once no loop runs and the context of its goroutine has ended. A collector that takes too long to load is closed when
// it has.
func (g *Gauge) close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.load.Join(schedule.HaltMost)
	if c := g.collector.Load(); c != nil {
		_ = c.Close()
	}
}

// lost is what was not counted.
func (g *Gauge) lost() sockstats.Lost {
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

// attach has the kernel count what comes in on a link's socket, until the caller closes the result; nil: nothing is counted. Each loop
// calls it for its own links.
func (g *Gauge) attach(link, fd int) *sockstats.Link {
	c := g.collector.Load()
	if c == nil {
		return nil
	}
	l, err := c.Attach(fd)
	if err != nil {
		observe.Tell(g.observer, observe.LinkNotCounted{Link: link, Err: err})
		return nil
	}
	return l
}
