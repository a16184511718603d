package engine

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/netio/sockstats"
)

// gauge is the socket statistics of one end. The kernel counts by itself; the loops only have to name their links to it as they come
// and go.
type gauge struct {
	observer  observe.Observer
	load      stream.Chore                        // its goroutine, at the start; started by Run, joined by close
	collector atomic.Pointer[sockstats.Collector] // nil: not yet, or never

	mu     sync.Mutex
	closed bool // guarded by mu
}

// open loads the programs, and makes the loops name the links that are up by then. attach posts to the loops, which answer on the
// channel, and returns how many they are. A connection made earlier may still become a link within the given time, unless ctx ends
// first.
func (g *gauge) open(ctx context.Context, within time.Duration, cfg sockstats.Config, attach func(attached chan<- struct{}) int) {
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
	attached := make(chan struct{}, stream.LoopsMost)
	for range attach(attached) {
		select {
		case <-attached:
		case <-answers.Done():
		}
	}
	stream.Sleep(ctx, within)
	_ = c.Settle()
}

// off says that there are no statistics, because the user wants none.
func (g *gauge) off() { observe.Tell(g.observer, observe.SocketStatistics{Err: errStatisticsOff}) }

// keep takes the collector over, unless the stream has ended.
func (g *gauge) keep(c *sockstats.Collector) bool {
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
func (g *gauge) close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.load.Join(schedule.HaltMost)
	if c := g.collector.Load(); c != nil {
		_ = c.Close()
	}
}

// lost is what was not counted.
func (g *gauge) lost() sockstats.Lost {
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

// count names the link to the collector, if there is one; on its loop's thread.
func (k *Link) count(g *gauge) {
	c := g.collector.Load()
	if c == nil || k.counted != nil || k.gone {
		return
	}
	l, err := c.Attach(k.conn.FD())
	if err != nil {
		observe.Tell(g.observer, observe.LinkNotCounted{Link: k.index, Err: err})
		return
	}
	k.counted = l
}

// uncount ends that, before the connection is closed.
func (k *Link) uncount() {
	if k.counted != nil {
		_ = k.counted.Close()
		k.counted = nil
	}
}

// gaugeLinks starts the statistics of a sender, unless ctx ends before they are worth it.
func (s *Sender) gaugeLinks(ctx context.Context) {
	defer s.caught("statistics")
	if !s.cfg.SockStats {
		s.gauge.off()
		return
	}
	select {
	case <-s.dialer.firstUp:
		stream.Sleep(ctx, schedule.GaugeAfter)
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		return
	}
	cfg := sockstats.Config{Fault: func(p any) { s.fail(stream.Faulted("statistics", p, s.observer)) }}
	for _, p := range s.paths {
		cfg.Remote = append(cfg.Remote, p.Port)
	}
	s.gauge.open(ctx, s.time.Dial, cfg, func(attached chan<- struct{}) int {
		for _, l := range s.loops {
			l.Post(func() {
				for _, k := range l.links {
					k.count(&s.gauge)
				}
				attached <- struct{}{}
			})
		}
		return len(s.loops)
	})
}

// gaugeLinks starts the statistics of a receiver, which usually has to wait for its sender anyway. ctx ends with the stream.
func (r *Receiver) gaugeLinks(ctx context.Context) {
	defer r.caught("statistics")
	if !r.cfg.SockStats {
		r.gauge.off()
		return
	}
	cfg := sockstats.Config{Local: []uint16{r.cfg.Port}, Fault: func(p any) { r.fail(stream.Faulted("statistics", p, r.observer)) }}
	if a, ok := r.Addr().(*net.TCPAddr); ok {
		cfg.Local[0] = uint16(a.Port)
	}
	r.gauge.open(ctx, r.time.Hello, cfg, func(attached chan<- struct{}) int {
		for _, l := range r.loops {
			l.Post(func() {
				for _, k := range l.links {
					k.count(&r.gauge)
				}
				attached <- struct{}{}
			})
		}
		return len(r.loops)
	})
}
