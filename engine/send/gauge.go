package send

import (
	"context"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/schedule"
	"viamillipede/netio/sockstats"
)

// sockets tells whose statistics are wanted, once they are worth it; false if ctx ends before.
func (s *Sender) sockets(ctx context.Context) (c sockstats.Config, ok bool) {
	select {
	case <-s.dialer.FirstUp():
		stream.Sleep(ctx, schedule.GaugeAfter)
	case <-ctx.Done():
	}
	for _, p := range s.paths {
		c.Remote = append(c.Remote, p.Port)
	}
	return c, ctx.Err() == nil
}
