package send

import (
	"cmp"
	"slices"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/send/course"
	"viamillipede/engine/tune"
	"viamillipede/engine/ways"
	"viamillipede/engine/wire"
)

// reached is a sender as those see it who have its links come up (engine/send/reach).
type reached struct{ s *Sender }

func (d reached) Stream() wire.StreamID               { return d.s.stream }
func (d reached) Welcome(w wire.Welcome) error        { return d.s.welcome(w) }
func (d reached) LoopOf(link int) *loop.Loop          { return d.s.loops[d.s.loopOf(link)].Loop }
func (d reached) Replaced(k ways.Link)                { k.(*txlink).lose(stream.ErrReplaced) }
func (d reached) Spill(path int, spill time.Duration) { d.s.order.SetSpill(path, spill) }
func (d reached) Repace(p *ways.Path)                 { d.s.repace(p, nil) }
func (d reached) Strand()                             { d.s.endLinks((*txlink).stranded) }
func (d reached) TurnOut(why error)                   { d.s.endLinks(func(*txlink) error { return why }) }

// Hello is what a link says, without what is about the link.
func (d reached) Hello() wire.Hello {
	s := d.s
	h := wire.Hello{
		Version: wire.Version, Features: s.features(), Phrase: s.cfg.Phrase, Stream: s.stream, MaxLeg: uint32(s.cfg.Leg),
		Links: uint32(s.reach.Links()), Size: uint64(s.in.Expected()), Chain: s.cfg.Chain.Code(),
	}
	if s.begun.Load() {
		h.Flags |= wire.FlagResume
	}
	return h
}

// Arrived is how many bytes the receiver has; it was met.
func (d reached) Arrived() uint64 { return d.s.fleet.Window.Arrived() }

// Begin makes ready for a receiver with these paths. There is no link.
func (d reached) Begin(paths []*ways.Path) {
	s := d.s
	s.made.Store(&paths)
	var spills []time.Duration
	for _, p := range paths {
		spills = append(spills, cmp.Or(p.Spill, schedule.DefaultSpill))
	}
	s.order = schedule.NewOrder(spills, func(path int, helps bool, spill time.Duration) {
		observe.Tell(s.observer, observe.PathHelps{Path: paths[path].String(), Helps: helps, Spill: spill})
	})
}

// Connected makes a link of a connection on which it was welcomed.
func (d reached) Connected(c ways.Contact) ways.Link {
	s := d.s
	k := &txlink{s: s, owner: s.loops[s.loopOf(c.Index)], to: c.To, zoned: c.Zoned, Link: course.Link{
		Fleet: &s.fleet, Path: c.Path, Order: s.order,
		Link: stream.Link{Index: c.Index, Generation: c.Generation, Name: c.Path.String(), Conn: stream.Equip(c.Conn)},
	}}
	k.byCard = s.cfg.IO != "copy" && k.Conn.LeavesByNIC()
	k.Conn.LimitUnsent(k.Most())
	return k
}

// steered is a sender as the courses of its links see it (engine/send/course).
type steered struct{ s *Sender }

func (c steered) Ended() bool              { return c.s.in.Ended() }
func (c steered) Others(p *ways.Path) bool { return c.s.reach.Others(p) }
func (c steered) Feed()                    { c.s.feed(nil) }

// endLinks ends those of the links for which why returns an error.
func (s *Sender) endLinks(why func(*txlink) error) {
	for _, l := range s.loops {
		l.Post(func() {
			for _, k := range slices.Clone(l.Links) {
				if err := why(k); err != nil {
					k.lose(err)
				}
			}
		})
	}
}

// Begin puts the link to work; lost is called once, when it has ended.
func (k *txlink) Begin(lost func(schedule.Use)) {
	k.lost = lost
	k.s.linkUp(k.owner, k)
}

// Discard closes the connection of a link that never began.
func (k *txlink) Discard() { k.Conn.Abort() }

// Tuned is what of this end may be changed while its stream runs.
func (s *Sender) Tuned() tune.End {
	return tune.End{Life: &s.life, Roads: s.reach.Tuned(), Source: paced{s}}
}

// paced is a sender's source, whose limit may be changed.
type paced struct{ *Sender }

// Limit is part of tune.Source.
func (s paced) Limit() uint64 { return s.in.Limit() }

// SetLimit is part of tune.Source.
func (s paced) SetLimit(rate uint64) (was uint64) {
	was = s.in.SetLimit(rate)
	s.feed(nil)
	return was
}

// Resized notes that the size of the terminal that the source is has changed. Any goroutine may call it.
func (s *Sender) Resized() {
	s.in.Resized()
	s.sayAll(func(*txlink) []byte { return s.in.Screen(nil) })
}
