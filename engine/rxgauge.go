package engine

import (
	"context"
	"net"

	"viamillipede/engine/internal/stream"
	"viamillipede/netio/sockstats"
)

// gaugeLinks starts the statistics of a receiver, which usually has to wait for its sender anyway. ctx ends with the stream.
func (r *Receiver) gaugeLinks(ctx context.Context) {
	defer r.caught("statistics")
	if !r.cfg.SockStats {
		r.gauge.Off()
		return
	}
	cfg := sockstats.Config{Local: []uint16{r.cfg.Port}, Fault: func(p any) { r.fail(stream.Faulted("statistics", p, r.observer)) }}
	if a, ok := r.Addr().(*net.TCPAddr); ok {
		cfg.Local[0] = uint16(a.Port)
	}
	r.gauge.Open(ctx, r.time.Hello, cfg, func(attached chan<- struct{}) int {
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
