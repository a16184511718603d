package engine

import (
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// What the dialer asks of the sender and of its links, besides welcome, answered, attempted, resolved, strand (dialEnd) and leave (keptLink).

// hello is what a link says first, without its index and generation.
func (s *Sender) hello() wire.Hello {
	h := wire.Hello{
		Version: wire.Version, Features: s.features(), Phrase: s.cfg.Phrase, Stream: s.stream, MaxLeg: uint32(s.cfg.Leg),
		Links: uint32(s.dialer.links()), Size: uint64(s.in.expected()),
	}
	if s.begun.Load() {
		h.Flags |= wire.FlagResume
	}
	return h
}

// arrived is how many bytes the receiver has; it was met.
func (s *Sender) arrived() uint64 { return s.window.Arrived() }

// near calls f on a CPU whose packets the loop with that index is near to.
func (s *Sender) near(loop int, f func()) { s.placed.Load().near(loop, f) }

// connected makes a link of a connection on which it was welcomed.
func (s *Sender) connected(c contact) keptLink {
	k := &txlink{s: s, path: c.path, owner: s.loops[s.loopOf(c.index)], to: c.to, zoned: c.zoned, Link: Link{
		index: c.index, generation: c.generation, name: c.path.String(), conn: equip(c.conn),
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
