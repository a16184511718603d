package send

import (
	"context"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/schedule"
	"viamillipede/netio/sockstats"
)

// gaugeLinks starts the statistics of a sender, unless ctx ends before they are worth it.
func (s *Sender) gaugeLinks(ctx context.Context) {
	defer s.life.Caught("statistics")
	if !s.cfg.SockStats {
		s.life.Gauge.Off()
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
	var cfg sockstats.Config
	for _, p := range s.paths {
		cfg.Remote = append(cfg.Remote, p.Port)
	}
	s.life.Statistics(ctx, s.time.Dial, cfg)
}
