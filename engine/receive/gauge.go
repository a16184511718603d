package receive

import (
	"context"
	"net"

	"viamillipede/netio/sockstats"
)

// gaugeLinks starts the statistics of a receiver, which usually has to wait for its sender anyway. ctx ends with the stream.
func (r *Receiver) gaugeLinks(ctx context.Context) {
	defer r.life.Caught("statistics")
	if !r.cfg.SockStats {
		r.life.Gauge.Off()
		return
	}
	cfg := sockstats.Config{Local: []uint16{r.cfg.Port}}
	if a, ok := r.Addr().(*net.TCPAddr); ok {
		cfg.Local[0] = uint16(a.Port)
	}
	r.life.Statistics(ctx, r.time.Hello, cfg)
}
