package reach

import (
	"net/netip"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/ways"
)

// dialling is a sender as its dialer sees it.
type dialling struct {
	Sender
	*stream.Life
	r *Reach
}

func (r *Reach) newDialer() *ways.Dialer {
	c := &r.cfg
	d := dialling{c.Sender, c.Life, r}
	return ways.New(ways.Config{
		End: d, Greeter: ways.ByHello{Sender: d}, Timing: c.Setup.Timing, Transport: c.Setup.Transport, Observer: c.Setup.Observer,
		Trace: c.Trace, Key: c.Setup.Key, Auto: c.Setup.Auto, Near: r.near, Fail: c.Life.Fail,
	}, c.Setup.Paths, c.Setup.Threads)
}

// near calls f on the CPU of the loop with that index, so that the device gives the connection a queue of that CPU.
func (r *Reach) near(loop int, f func()) { r.cfg.Life.Placed.Load().Near(loop, f) }

// Retuned is part of ways.End.
func (d dialling) Retuned(p *ways.Path) {
	d.Sender.Spill(p.Order, p.Spilled())
	d.Sender.Repace(p)
}

// Resolved is part of ways.End.
func (d dialling) Resolved(p *ways.Path, to netip.Addr) { d.r.PlaceFor(p, to) }
