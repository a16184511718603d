package send

import (
	"net/netip"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/schedule"
	"viamillipede/engine/ways"
	"viamillipede/engine/wire"
)

// dialled is a sender as its dialer sees it.
type dialled struct{ s *Sender }

func (d dialled) Welcome(w wire.Welcome) error         { return d.s.welcome(w) }
func (d dialled) Resolved(p *ways.Path, to netip.Addr) { d.s.repin(p, to) }
func (d dialled) Strand()                              { d.s.strand() }

// Answered notes that the receiver has answered.
func (d dialled) Answered() {
	d.s.life.Mu.Lock()
	defer d.s.life.Mu.Unlock()
	d.s.life.Outage.Meet(time.Now())
}

// Attempted notes what a failed attempt on a path, given by its order, says about the receiver.
func (d dialled) Attempted(path int, r schedule.Reply) {
	d.s.life.Mu.Lock()
	d.s.life.Outage.Attempt(path, r, time.Now())
	d.s.life.Mu.Unlock()
	d.s.life.Rouse()
}

// Hello is what a link says first, without its index and generation.
func (d dialled) Hello() wire.Hello {
	s := d.s
	h := wire.Hello{
		Version: wire.Version, Features: s.features(), Phrase: s.cfg.Phrase, Stream: s.stream, MaxLeg: uint32(s.cfg.Leg),
		Links: uint32(s.dialer.Links()), Size: uint64(s.in.Expected()),
	}
	if s.begun.Load() {
		h.Flags |= wire.FlagResume
	}
	return h
}

// Arrived is how many bytes the receiver has; it was met.
func (d dialled) Arrived() uint64 { return d.s.window.Arrived() }

// near calls f on the CPU of the loop with that index, so that the device gives the connection a queue of that CPU.
func (s *Sender) near(loop int, f func()) { s.life.Placed.Load().Near(loop, f) }

// Connected makes a link of a connection on which it was welcomed.
func (d dialled) Connected(c ways.Contact) ways.Link {
	s := d.s
	k := &txlink{s: s, path: c.Path, owner: s.loops[s.loopOf(c.Index)], to: c.To, zoned: c.Zoned, Link: stream.Link{
		Index: c.Index, Generation: c.Generation, Name: c.Path.String(), Conn: stream.Equip(c.Conn),
	}}
	k.byCard = s.cfg.IO != "copy" && k.Conn.LeavesByNIC()
	k.Conn.LimitUnsent(k.most())
	return k
}

// Begin puts the link to work; lost is called once, when it has ended.
func (k *txlink) Begin(lost func(schedule.Use)) {
	k.lost = lost
	k.s.linkUp(k.owner, k)
}

// Discard closes the connection of a link that never began.
func (k *txlink) Discard() { k.Conn.Abort() }
