package engine

import (
	"net/netip"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// dialled is a sender as its dialer sees it.
type dialled struct{ s *Sender }

func (d dialled) welcome(w wire.Welcome) error         { return d.s.welcome(w) }
func (d dialled) answered()                            { d.s.answered() }
func (d dialled) attempted(path int, r schedule.Reply) { d.s.attempted(path, r) }
func (d dialled) resolved(p *pathState, to netip.Addr) { d.s.repin(p, to) }
func (d dialled) strand()                              { d.s.strand() }

// hello is what a link says first, without its index and generation.
func (d dialled) hello() wire.Hello {
	s := d.s
	h := wire.Hello{
		Version: wire.Version, Features: s.features(), Phrase: s.cfg.Phrase, Stream: s.stream, MaxLeg: uint32(s.cfg.Leg),
		Links: uint32(s.dialer.links()), Size: uint64(s.in.Expected()),
	}
	if s.begun.Load() {
		h.Flags |= wire.FlagResume
	}
	return h
}

// arrived is how many bytes the receiver has; it was met.
func (d dialled) arrived() uint64 { return d.s.window.Arrived() }

// near calls f on a CPU whose packets the loop with that index is near to.
func (s *Sender) near(loop int, f func()) { s.placed.Load().Near(loop, f) }

// connected makes a link of a connection on which it was welcomed.
func (d dialled) connected(c contact) keptLink {
	s := d.s
	k := &txlink{s: s, path: c.path, owner: s.loops[s.loopOf(c.index)], to: c.to, zoned: c.zoned, Link: Link{
		index: c.index, generation: c.generation, name: c.path.String(), conn: stream.Equip(c.conn),
	}}
	k.byCard = s.cfg.IO != "copy" && k.conn.LeavesByNIC()
	k.conn.LimitUnsent(k.most())
	return k
}

// begin puts the link to work; lost is called once, when it has ended.
func (k *txlink) begin(lost func(schedule.Use)) {
	k.lost = lost
	k.s.linkUp(k.owner, k)
}

// discard closes the connection of a link that never began.
func (k *txlink) discard() { k.conn.Abort() }
