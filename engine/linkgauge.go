package engine

import (
	"context"
	"time"
	"viamillipede/engine/internal/stream"
	"viamillipede/netio/sockstats"
)

// count has the kernel count what comes in on the link, if there are statistics; on its loop's thread.
func (k *Link) count(g *stream.Gauge) {
	if k.counted == nil && !k.gone {
		k.counted = g.Attach(k.index, k.conn.FD())
	}
}

// uncount ends that, before the connection is closed.
func (k *Link) uncount() {
	if k.counted != nil {
		_ = k.counted.Close()
		k.counted = nil
	}
}

// statistics starts those of the stream, for the sockets that c tells; see stream.Gauge.Open.
func (l *life) statistics(ctx context.Context, within time.Duration, c sockstats.Config) {
	c.Fault = func(p any) { l.fail(stream.Faulted("statistics", p, l.observer)) }
	l.gauge.Open(ctx, within, c, func(attached chan<- struct{}) int {
		for _, w := range l.workers {
			w.Plain().Post(func() {
				w.count(&l.gauge)
				attached <- struct{}{}
			})
		}
		return len(l.workers)
	})
}
