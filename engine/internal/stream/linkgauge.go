package stream

import (
	"context"
	"time"

	"viamillipede/engine/internal/gauge"
	"viamillipede/netio/sockstats"
)

// Count has the kernel count what comes in on the link, if there are statistics; on its loop's thread.
func (k *Link) Count(g *gauge.Gauge) {
	if k.counted == nil && !k.Gone {
		k.counted = g.Attach(k.Index, k.Conn.FD())
	}
}

// Uncount ends that, before the connection is closed.
func (k *Link) Uncount() {
	if k.counted != nil {
		_ = k.counted.Close()
		k.counted = nil
	}
}

// Measure starts the statistics of the stream, if they are wanted, in the gauge's goroutine: for the sockets that it asks for first, which
// may take a while; false: not any more. A connection made by then may become a link within the given time. All ends with ctx.
func (l *Life) Measure(ctx context.Context, wanted bool, within time.Duration, sockets func(context.Context) (sockstats.Config, bool)) {
	l.Gauge.Load.Start(func() {
		defer l.Caught("statistics")
		if !wanted {
			l.Gauge.Off()
			return
		}
		c, ok := sockets(ctx)
		if !ok {
			return
		}
		c.Fault = func(p any) { l.Fail(Faulted("statistics", p, l.observer)) }
		l.Gauge.Open(ctx, within, c, l.attach)
	})
}

// attach has every loop name its links, and answer on the channel; it returns how many loops there are.
func (l *Life) attach() (<-chan struct{}, int) {
	attached := make(chan struct{}, len(l.Workers))
	for _, w := range l.Workers {
		w.Plain().Post(func() {
			w.Count(&l.Gauge)
			attached <- struct{}{}
		})
	}
	return attached, len(l.Workers)
}
