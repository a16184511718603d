package engine

import (
	"context"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/schedule"
	"viamillipede/netio/sockstats"
)

// gaugeLinks starts the statistics of a sender, unless ctx ends before they are worth it.
func (s *Sender) gaugeLinks(ctx context.Context) {
	defer s.caught("statistics")
	if !s.cfg.SockStats {
		s.gauge.Off()
		return
	}
	select {
	case <-s.dialer.FirstUp():
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
	s.gauge.Open(ctx, s.time.Dial, cfg, func(attached chan<- struct{}) int {
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
