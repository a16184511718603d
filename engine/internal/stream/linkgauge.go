package stream

import (
	"context"
	"time"
	"viamillipede/netio/sockstats"
)

// Count has the kernel count what comes in on the link, if there are statistics; on its loop's thread.
func (k *Link) Count(g *Gauge) {
	if k.counted == nil && !k.Gone {
		k.counted = g.attach(k.Index, k.Conn.FD())
	}
}

// Uncount ends that, before the connection is closed.
func (k *Link) Uncount() {
	if k.counted != nil {
		_ = k.counted.Close()
		k.counted = nil
	}
}

// Statistics starts those of the stream, for the sockets that c tells; see Gauge.Open.
func (l *Life) Statistics(ctx context.Context, within time.Duration, c sockstats.Config) {
	c.Fault = func(p any) { l.Fail(Faulted("statistics", p, l.observer)) }
	l.Gauge.open(ctx, within, c, func(attached chan<- struct{}) int {
		for _, w := range l.Workers {
			w.Plain().Post(func() {
				w.Count(&l.Gauge)
				attached <- struct{}{}
			})
		}
		return len(l.Workers)
	})
}
