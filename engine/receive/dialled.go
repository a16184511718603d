package receive

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"

	"viamillipede/engine/doors"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/tune"
	"viamillipede/engine/ways"
	"viamillipede/engine/wire"
	"viamillipede/netio/dial"
)

// dialled is what a link of a receiver that dials has beside what every link has; nothing, where it listens.
type dialled struct {
	path      *ways.Path         // nil: it came in at the door
	to, zoned netip.Addr         // the address that was dialled; the same, with the zone it had then
	lost      func(schedule.Use) // tells the keeper, once
}

// order is the place of the link's path in the user's order; -1: not known.
func (d *dialled) order() int {
	if d.path == nil {
		return -1
	}
	return d.path.Order
}

// ended tells the keeper that the link has ended.
func (d *dialled) ended(use schedule.Use) {
	if d.lost != nil {
		d.lost(use)
	}
}

// begun counts the link in at its path.
func (k *rxlink) begun() {
	if k.path != nil && k.r.dialer.LinkUp(k.path) {
		observe.Tell(k.r.observer, observe.PathUp{Path: k.path.String(), Order: k.path.Order})
	}
}

// over counts it out.
func (k *rxlink) over(err error) {
	if k.path == nil {
		return
	}
	if !k.Answered && err != stream.ErrLeft {
		k.path.Lost.Add(1)
	}
	if k.r.dialer.LinkDown(k.path) {
		observe.Tell(k.r.observer, observe.PathDown{Path: k.path.String(), Order: k.path.Order, Err: err, Expected: k.Answered})
	}
	use := schedule.UseNone
	if k.Legs > 0 || err == stream.ErrLeft || k.Loop.Now.Sub(k.UpSince) >= schedule.IdleLong {
		use = schedule.UseGood
	}
	k.ended(use)
}

// measurePath notes the round trip of the link's path, for those who dial.
func (k *rxlink) measurePath() {
	if k.path == nil {
		return
	}
	if q := k.Conn.Queued(); q.Told {
		k.path.Trip.Store(int64(q.MinRTT))
		k.path.RTT.Store(int64(q.RTT))
	}
}

// Begin is part of ways.Link.
func (k *rxlink) Begin(lost func(schedule.Use)) {
	k.lost = lost
	k.r.linkUp(k.owner, k)
}

// Leave is part of ways.Link: the sender has what it sent on this link go by others. The link may have moved to another loop.
func (k *rxlink) Leave() {
	k.r.reach(k, nil, func() { k.lose(stream.ErrLeft) })
}

// Discard is part of ways.Link.
func (k *rxlink) Discard() {
	k.Conn.Abort()
	k.r.neverUp(k.owner)
}

// caller is a receiver as its dialer sees it.
type caller struct {
	*stream.Life
	r *Receiver
}

func (r *Receiver) newDialer() *ways.Dialer {
	c := caller{&r.life, r}
	return ways.New(ways.Config{
		End: c, Greeter: ways.ByCall{Receiver: c}, Timing: r.time, Transport: r.transport, Observer: r.observer, Trace: stream.TraceTo(r.observer),
		Key: r.cfg.Key, Auto: r.cfg.Auto, Near: func(loop int, f func()) { r.life.Placed.Load().Near(loop, f) }, Recalls: true, Fail: r.life.Fail,
	}, r.cfg.Paths, r.cfg.Threads)
}

// dial keeps the links up until ctx ends.
func (r *Receiver) dial(ctx context.Context) {
	r.dialer.Start(ctx, func(link int) *loop.Loop { return r.dialLoop(link).Loop })
	r.dialer.Wait()
}

// dialLoop is the loop that a link is dialled for. It gives each loop links of every path.
func (r *Receiver) dialLoop(link int) *rxloop { return r.loops[link/len(r.cfg.Paths)%len(r.loops)] }

// Call is part of ways.Caller.
func (c caller) Call() wire.Call {
	call := wire.Call{Phrase: c.r.cfg.Phrase, Receiver: c.r.id}
	c.Mu.Lock()
	defer c.Mu.Unlock()
	if c.r.tenure.Owns() {
		call.Flags, call.Stream = wire.FlagResume, c.r.tenure.First().Peer
	}
	return call
}

// Admit is part of ways.Caller.
func (c caller) Admit(h wire.Hello, from net.Addr) (wire.Welcome, error) {
	w, err := reception{c.r}.admit(h, from)
	if errors.Is(err, doors.ErrTried) {
		err = ways.ErrOther
	}
	return w, err
}

// Forgo is part of ways.Caller.
func (c caller) Forgo() { reception{c.r}.Forgo() }

// Connected is part of ways.End.
func (c caller) Connected(at ways.Contact) ways.Link {
	r := c.r
	k := &rxlink{
		r: r, owner: r.dialLoop(at.Index), way: reception{r}.wayOf(doors.WayID{From: at.To.String(), To: at.Path.String()}),
		dialled: dialled{path: at.Path, to: at.To, zoned: at.Zoned},
		Link:    stream.Link{Index: at.Index, Generation: at.Generation, Name: at.Path.String(), Conn: stream.Equip(at.Conn)},
	}
	c.Mu.Lock()
	defer c.Mu.Unlock()
	k.owner.load++
	return k
}

// Resolved is part of ways.End: it places the loops near the devices of the paths, before there is memory for the window.
func (c caller) Resolved(p *ways.Path, to netip.Addr) {
	c.Repinning.Lock()
	defer c.Repinning.Unlock()
	devices := []string(nil)
	if !c.r.placed {
		devices = c.r.dialer.Devices(p, to)
	}
	if len(devices) == 0 {
		return // no route yet, or it is done
	}
	c.r.placed = true
	c.Repin(c.r.cfg.Place(stream.Receiving, devices, len(c.r.loops)))
}

// Retuned is part of ways.End: the sender is told by a call.
func (c caller) Retuned(*ways.Path) {}

// Tuned is what of this end may be changed while its stream runs.
func (r *Receiver) Tuned() tune.End {
	if r.dialer == nil {
		return tune.End{Life: &r.life}
	}
	return tune.End{Life: &r.life, Roads: r.dialer}
}

// Strand is part of ways.End.
func (c caller) Strand() {
	for _, l := range c.r.loops {
		l.Post(func() {
			for _, k := range slices.Clone(l.Links) {
				if err := dial.SameZone(k.to, k.zoned); k.to.Zone() != "" && err != nil {
					k.lose(err)
				}
			}
		})
	}
}

// Arrived is part of ways.End.
func (c caller) Arrived() uint64 { return c.r.out.Written() }
