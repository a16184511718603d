package send

import (
	"fmt"
	"slices"

	"viamillipede/bufpool"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/ways"
	"viamillipede/engine/window"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// features are what the sender asks for.
func (s *Sender) features() uint32 {
	asked := s.in.Features(s.cfg.Holes, s.cfg.Resume)
	if s.cfg.Checksum {
		asked |= wire.FeatureChecksum
	}
	if s.cfg.Title != "" {
		asked |= wire.FeatureName
	}
	if s.cfg.Rests {
		asked |= wire.FeatureRest
	}
	if !s.cfg.Chain.IsEmpty() {
		asked |= wire.FeatureSidechain
	}
	return asked
}

// welcome handles what a receiver says about itself: the first one decides the window. An error means that the path leads to a
// receiver other than ours.
func (s *Sender) welcome(w wire.Welcome) error {
	s.life.Mu.Lock()
	defer s.life.Mu.Unlock()
	switch {
	case w.Stream != s.stream:
		return fmt.Errorf("the receiver answers for another stream")
	case w.Features&^s.features() != 0:
		return fmt.Errorf("the receiver grants features %#x, of which %#x were asked for", w.Features, s.features())
	case s.features()&^w.Features&wire.FeatureChecksum != 0:
		return fmt.Errorf("the receiver cannot check what is sent: it grants no checksum")
	case s.features()&^w.Features&wire.FeatureSidechain != 0:
		return fmt.Errorf("the receiver cannot undo a sidechain")
	case s.met && s.reach.Dials() && w.Receiver != s.receiver.Receiver:
		return ways.ErrOther
	case s.met && s.grantsLess(w):
		return fmt.Errorf("the receiver grants less than before")
	case s.met:
		s.receiver.Features = s.receiver.Features&^wire.FeatureRest | w.Features&wire.FeatureRest
		return nil
	case w.Delivered != 0:
		return fmt.Errorf("the receiver delivered %d legs of a stream that begins now", w.Delivered)
	case w.Credit < 1 || w.Credit > stream.LegsMost:
		return fmt.Errorf("the receiver takes %d legs, expected 1 to %d", w.Credit, stream.LegsMost)
	}
	err := s.makePool()
	if err == nil {
		err = s.in.Grant(s.features(), w.Features, func() { s.feed(nil) })
	}
	if err != nil {
		s.life.FinishLocked(stream.Fail(stream.StatusLocalPipe, err, "cannot get memory for the window"))
		return err
	}
	s.met, s.receiver = true, w
	s.fleet.Most = min(s.cfg.Leg, int(w.MaxLeg))
	s.fleet.Credit = uint64(w.Credit)
	s.in.StartCoding(s.coders, s.fleet.Most, s.buffers, s.fleet.Trip)
	s.fleet.SetLegTime(s.reach.Links(), s.paths())
	s.fleet.Window = window.New(int(w.Credit), w.Delivered, s.cfg.Window)
	return nil
}

// grantsLess reports whether the stream cannot go on as it has begun with a receiver. One that calls may grant more than one that called
// before, and took nothing: no use is made of that, except that its links rest; and smaller legs, as long as ours are. Under Life.Mu.
func (s *Sender) grantsLess(w wire.Welcome) bool {
	if s.reach.Dials() {
		return w.Features != s.receiver.Features || w.MaxLeg < s.receiver.MaxLeg || w.Credit < s.receiver.Credit
	}
	lacks := s.receiver.Features &^ wire.FeatureRest &^ w.Features
	return lacks != 0 || int(w.MaxLeg) < s.fleet.Most || w.Credit < s.receiver.Credit
}

// makePool gets the memory for the window, on the nodes of the loops.
func (s *Sender) makePool() (err error) {
	s.pool, err = bufpool.New(bufpool.Config{
		Shards: len(s.loops), Nodes: s.life.Placed.Load().Nodes(), Buffers: s.buffers, Size: s.cfg.Leg,
	})
	if err != nil {
		return err
	}
	s.in.FillFrom(s.pool)
	s.advice = s.pool.Advice()
	observe.Tell(s.observer, observe.MemoryAdvised{Advice: s.advice})
	return nil
}

// linkUp puts a new link to work; on its loop's thread.
func (s *Sender) linkUp(l *txloop, k *txlink) {
	if err := k.Start(l.Loop, l.Past, netio.Readable|netio.Writable|netio.Ended|netio.Edge, k); err != nil {
		k.Conn.Abort()
		k.lost(schedule.UseNone)
		return
	}
	l.add(k)
	k.Count(&s.life.Gauge)
	k.SetOut()
	k.startZero()
	k.Publish()
	first := s.reach.LinkUp(k.Path)
	s.spread(k.Path, l.Loop)
	s.life.Mu.Lock()
	s.life.CameUp(k.Loop.Now)
	named := s.receiver.Features&wire.FeatureName != 0
	k.Quiet.Agreed = s.receiver.Features&wire.FeatureRest != 0
	s.life.Mu.Unlock()
	observe.Tell(s.observer, observe.LinkUp{Link: k.Index, Path: k.Name})
	if first {
		observe.Tell(s.observer, observe.PathUp{Path: k.Path.String(), Order: k.Path.Order})
	}
	s.life.Rouse()
	words := s.in.Agreement.Ask(k.Index)
	if named {
		words = append(wire.Title(s.cfg.Title).Append(nil), words...) // no leg has gone before
	}
	k.say(s.in.Screen(words))
}

// linkLost handles the end of a link; on its loop's thread.
func (s *Sender) linkLost(k *txlink, err error) {
	k.owner.Remove(k)
	s.life.Mu.Lock()
	expected := s.life.Finished // the peer hangs up, as it should
	counts := !expected && !k.Answered && err != stream.ErrLeft
	s.life.WentDown(&k.Link.Link, s.reach.EndingOf(&k.Link.Link, err), counts)
	if k.Dashed(err) {
		s.life.Outage.Despair(k.Loop.Now)
	}
	s.left[k.Index] = k.Loop.Now
	if counts {
		k.Path.Lost.Add(1)
	}
	s.life.Mu.Unlock()
	last := s.reach.LinkDown(k.Path) // wakes keepers, whose attempts count once the link does not
	s.spread(k.Path, k.Loop)
	observe.Tell(s.observer, observe.LinkDown{Link: k.Index, Path: k.Name, Err: err, Expected: expected})
	if last {
		observe.Tell(s.observer, observe.PathDown{Path: k.Path.String(), Order: k.Path.Order, Err: err, Expected: expected})
	}
	s.life.Rouse()
	if s.in.Agreement.Lost(k.Index) {
		s.ask()
	}
	s.feed(nil)
}

// ask has a link that is up ask what the receiver has; the next one that comes up does, if there is none.
func (s *Sender) ask() { s.sayAll(func(k *txlink) []byte { return s.in.Agreement.Ask(k.Index) }) }

// sayAll has each link that is up say something, or nothing.
func (s *Sender) sayAll(words func(*txlink) []byte) {
	for _, l := range s.loops {
		l.Post(func() {
			for _, k := range slices.Clone(l.Links) {
				if !k.Leaving && !k.Parting {
					k.say(words(k))
				}
			}
		})
	}
}

// feed wakes the loops that wait for a leg, because an ack or a loss may have brought one. not is the loop that looks by itself.
func (s *Sender) feed(not *loop.Loop) {
	if w := s.fleet.Window; w != nil && !s.begun.Load() && w.Begun() {
		s.reach.Own() // first: whoever sees begun may let the last link go
		s.begun.Store(true)
	}
	s.nudge(s.hungry.Load(), not)
}

// nudge wakes the loops with these marks, except one.
func (s *Sender) nudge(marks uint32, not *loop.Loop) {
	if marks == 0 {
		return
	}
	for _, l := range s.loops {
		if l.Loop != not && marks&l.mark != 0 && !l.rests() {
			l.Nudge()
		}
	}
}

// handOver wakes one hungry loop, when the calling loop cannot take everything that the source has.
func (s *Sender) handOver(from *loop.Loop) {
	marks := s.hungry.Load()
	for _, l := range s.loops {
		if l.Loop != from && marks&l.mark != 0 && !l.rests() {
			l.Nudge()
			return
		}
	}
}

// room reports whether a new leg would find a place now.
func (s *Sender) room() bool { return s.fleet.Window.Open() && s.pool.InUse() < s.buffers }

// spread divides the path's rate anew among its links, each on its loop's thread; from is the calling loop. Whoever
// changes their number calls it afterwards, so that the last call finds the last number.
func (s *Sender) spread(p *ways.Path, from *loop.Loop) {
	if p.Limit() != 0 {
		s.repace(p, from)
	}
}

// repace is spread for a path whose rate has changed, perhaps to none.
func (s *Sender) repace(p *ways.Path, from *loop.Loop) {
	for _, l := range s.loops {
		l.Do(from, func() { l.pace(p) })
	}
}
