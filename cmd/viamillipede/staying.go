package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"viamillipede/cmd/viamillipede/internal/progress"
	"viamillipede/cmd/viamillipede/internal/words"
	"viamillipede/engine"
	"viamillipede/engine/observe"
)

// staying is an end that serves one peer after another. Each has an invocation of its own, with ends of its own.
type staying struct {
	inv  *invocation
	self *side // for what is said of none of the streams

	mu       sync.Mutex
	sides    []*side        // of the streams that are there; guarded by mu, as is all below
	ended    progress.Crowd // streams that have: how many, and their bytes
	lastly   func()         // when none is left; nil: nothing
	draining bool
	status   engine.Status // that of the first stream that has failed since then
}

// stay serves peers until a signal says that it is enough, and returns the exit status.
func (inv *invocation) stay(ctx context.Context, cancel context.CancelCauseFunc, profile *profiler) engine.Status {
	if err := inv.shareMachine(); err != nil {
		return failed(ownPrefix, err)
	}
	if err := inv.checkFolder(); err != nil {
		return failed(ownPrefix, err)
	}
	s := &staying{inv: inv, self: &side{name: "rx", prefix: ownPrefix, log: words.NewLog(stderr, ownPrefix, observe.Level(inv.verbose))}}
	s.self.events = inv.sight.teller.Side("", 0)
	s.self.crowd = s.crowd
	h, err := engine.NewHouse(engine.HouseConfig{
		Options: inv.options, Port: inv.listening().port, Most: inv.keep, Receives: inv.rx.said(), Sends: inv.tx.said(),
		Observer: inv.witness(s.self), Open: s.open,
	})
	if err != nil {
		return failed(ownPrefix, err)
	}
	inv.herald.cancel = cancel
	streams := func() []*side { return s.current()[1:] }
	inv.sight.self.Store(s.self)
	inv.sight.sides.Store(&streams)
	defer inv.herald.live(s.current)()
	defer watchSignals(s.current, []func(*engine.Error){
		func(*engine.Error) { s.drain(h) }, func(cause *engine.Error) { profile.told(cancel)(cause) },
	}, profile.Stop)()
	defer profile.Stop()
	defer s.watch()()
	if c := inv.far.companion; c != nil {
		go func() { <-c.Ended(); s.forsake(func() { s.drain(h) }) }()
	}
	if err := h.Run(ctx); err != nil {
		return failed(ownPrefix, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// drain has no more peers served.
func (s *staying) drain(h *engine.House) {
	s.drained()
	h.Drain()
}

// forsake has no more peers served once those that are there have ended. They may be about connections that were quiet so far, and would have
// to leave if no more were served at once.
func (s *staying) forsake(drain func()) {
	s.mu.Lock()
	s.lastly = drain
	left := len(s.sides)
	s.mu.Unlock()
	if left == 0 {
		drain()
	}
}

// current are the sides of the streams that are there, after that of them all.
func (s *staying) current() []*side {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*side{s.self}, s.sides...)
}

// crowd is how many streams there are.
func (s *staying) crowd() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return streamsOf(s.sides)
}

// standing is how all of them stand, and stood.
func (s *staying) standing() progress.Crowd {
	s.mu.Lock()
	all, sides := s.ended, slices.Clone(s.sides)
	s.mu.Unlock()
	all.Most = s.inv.keep
	all.Bytes += moved(sides)
	all.Running = streamsOf(sides)
	return all
}

// streamsOf is how many streams have these sides: one in each direction counts once.
func streamsOf(sides []*side) int {
	numbers := map[int]bool{}
	for _, s := range sides {
		numbers[s.number] = true
	}
	return len(numbers)
}

// moved is how many bytes have been read and written at these ends.
func moved(sides []*side) (bytes uint64) {
	for _, s := range sides {
		if p, ok := s.stream.(interface {
			Progress() (uint64, time.Duration)
		}); ok {
			n, _ := p.Progress()
			bytes += n
		}
	}
	return bytes
}

// watch shows how they stand until stop is called; then a line says what became of them, if it was shown.
func (s *staying) watch() (stop func()) {
	g := s.inv.sight
	hide := g.watchCrowd(s)
	return func() {
		hide()
		if g.screen != nil && g.screen.Seen() {
			c := s.standing()
			say(s.self.prefix, fmt.Sprintf("%s served, %d of them failed, %s", words.Number(c.Served, "stream"), c.Failed, words.Bytes(c.Bytes)))
		}
	}
}

// open makes the ends for a peer.
func (s *staying) open(r *engine.Room) (run func(ctx context.Context), err error) {
	one := s.inv.forPeer(r)
	one.verbose = int(s.self.log.Level())
	if err := one.openEnds(); err != nil {
		return nil, err
	}
	sides, err := one.sides()
	if err == nil {
		err = one.exec.start(one.options.Title)
	}
	if err != nil {
		one.giveUp(sides)
		one.closeEnds(engine.StatusLocalPipe)
		return nil, err
	}
	s.join(sides)
	s.self.log.Printf(observe.LevelLinks, "stream %d: a peer at %v", r.Number(), r.From())
	return func(ctx context.Context) { s.serve(ctx, one, sides) }, nil
}

// join adds the sides of a stream. They are kept in the order of the streams' numbers, though a later stream may have its ends first.
func (s *staying) join(sides []*side) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sides = append(s.sides, sides...)
	slices.SortFunc(s.sides, func(a, b *side) int { return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.name, b.name)) })
}

// serve runs the sides of a peer until all is released.
func (s *staying) serve(ctx context.Context, one *invocation, sides []*side) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer one.sight.watch(sides)()
	status := engine.StatusInternal
	defer func() {
		one.closeEnds(status)
		s.part(sides, status)
	}()
	status = carry(ctx, cancel, sides, nil, one.sight)
}

// part counts out the sides of a stream, which has ended with a status.
func (s *staying) part(sides []*side, status engine.Status) {
	bytes := moved(sides)
	s.mu.Lock()
	s.sides = slices.DeleteFunc(s.sides, func(o *side) bool { return slices.Contains(sides, o) })
	s.ended.Bytes += bytes
	s.ended.Served++
	if status != engine.StatusDone {
		s.ended.Failed++
	}
	if s.draining && s.status == engine.StatusDone {
		s.status = status
	}
	left, lastly := len(s.sides), s.lastly
	s.mu.Unlock()
	if left == 0 && lastly != nil {
		lastly()
	}
}

// forPeer is the invocation for one peer, which has a room.
func (inv *invocation) forPeer(r *engine.Room) *invocation {
	one := inv.another(r.Number())
	one.room = r
	one.options.Connect = -1 // whoever has a room has come
	return one
}

// another is the invocation for one of the peers that an end serves which stays, or for one connection.
func (inv *invocation) another(number int) *invocation {
	one := &invocation{
		rx: inv.rx, tx: inv.tx, options: inv.options, filing: inv.filing, chains: inv.chains, verbose: inv.verbose,
		keep: inv.keep, keepsFolder: inv.keepsFolder, number: number, sight: inv.sight.beside(),
	}
	one.exec.like(&inv.exec)
	one.connection.like(&inv.connection)
	return one
}

// label begins the lines about one of them.
func label(number int) string { return fmt.Sprintf("viamillipede stream %d: ", number) }
