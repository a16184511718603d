package send

import (
	"slices"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/send/ingest"
	"viamillipede/engine/window"
	"viamillipede/netio"
)

// Why an idle link got no leg, beyond what ingest says.
const (
	deferred      = ingest.Hungers + iota // another loop has an idle link on a better path
	gated                                 // a leg would be too late on any link that is idle
	held                                  // new legs are for the paths before those that have idle links
	resting                               // the loop is a helper, and not needed
	stalledSource                         // a call on the source, where the legs stay until they are sent, is stuck
)

// legsPerRound bounds how many legs a round hands out before acks are looked at again: buffers that come back early are
// still in the cache. Those that were read together may be more, up to bytesPerRound.
const (
	legsPerRound  = 2
	bytesPerRound = 256 << 10
)

// dispatch ends each round: idle links take legs, best rank first, since that link is also the hottest in the cache. It
// reports whether there is likely more to do at once.
func (l *txloop) dispatch() (again bool) {
	again = l.hearOn()
	if l.Aboard() {
		return again
	}
	return l.feedLinks() || again
}

// hearOn resumes reading on the links that had more to read; it reports whether one of them still has.
func (l *txloop) hearOn() (more bool) {
	for range len(l.unheard) {
		if len(l.unheard) == 0 || l.Aboard() {
			break
		}
		k := l.unheard[0]
		l.unheard = l.unheard[1:]
		k.unheard = false
		k.Ready(0)
	}
	return len(l.unheard) > 0
}

// feedLinks does the work of dispatch.
func (l *txloop) feedLinks() (again bool) {
	if l.s.life.Failing.Load() {
		return false
	}
	l.s.hungry.And(^l.mark)
	l.s.deferring.And(^l.mark)
	l.checkLinks()
	defer l.countIdle()
	defer l.push()
	for legs, bytes := 0, 0; legs < legsPerRound || bytes < bytesPerRound && l.s.in.Ahead(); legs++ {
		k, leg, why := l.match()
		if l.Aboard() {
			l.bring(k, leg)
			return false
		}
		if l.s.helper.Looks(l.ID, leg == nil && (why == ingest.Fed || why == deferred || why == gated || why == held)) {
			l.s.handOver(l.Loop)
		}
		switch {
		case leg != nil:
		case why == ingest.Fed:
			l.s.handOver(l.Loop) // no link is idle
			return false
		default:
			l.wait(why)
			return false
		}
		bytes += leg.Length
		if leg.Length == k.Most() || l.s.in.Codes() {
			l.s.handOver(l.Loop) // a full leg, or one that had to be coded: there is probably more, for two loops
		}
		if err := k.carry(leg); err != nil {
			k.lose(err)
		}
		if l.Aboard() {
			return false
		}
	}
	return true
}

// bring handles what a thread brings back from the source after it was overtaken there: a leg for link k, or none.
func (l *txloop) bring(k *txlink, leg *window.Leg) {
	switch {
	case leg == nil:
	case k.idle():
		if err := k.carry(leg); err != nil {
			k.lose(err)
		}
	default:
		l.s.fleet.Window.GiveBack(leg)
	}
	l.s.feed(nil) // those who waited for the turn
}

// sourceFreed resumes the links that have waited since a call on the source got stuck.
func (l *txloop) sourceFreed() {
	for _, k := range slices.Concat(l.Links, l.asides) {
		k.Full = false
		k.Ready(0)
	}
}

// match finds a link and the leg to send on it next. For each idle link, best rank first, a leg that was lost comes before
// one that is late on another link, and both before a new one. Without a leg, why is what the idle links lack, or Fed if
// no link is idle.
func (l *txloop) match() (k *txlink, leg *window.Leg, why ingest.Hunger) {
	if l.s.in.InPlace() && l.s.in.Shore.Busy() {
		return nil, nil, stalledSource
	}
	l.best, l.held = 0, 0
	for _, k := range l.Links {
		if !k.idle() {
			continue
		}
		if leg := l.s.fleet.Window.Resend(k.suits); leg != nil {
			return k, leg, ingest.Fed
		}
		if leg, from := l.s.fleet.Window.Rescue(k.Index, k.Path.Order, k.Rate == 0, l.Now, k.Absorbed()/2, k.ETA); leg != nil {
			l.s.paths()[from].RescuedFrom.Add(1)
			k.Path.RescuedTo.Add(1)
			observe.Tell(l.s.observer, observe.LegRescued{Leg: leg.Number, From: l.s.paths()[from].String(), Link: k.Index})
			return k, leg, ingest.Fed
		}
		if why == ingest.Fed || why == gated || why == held {
			leg, why = l.pull(k)
			k.hasRoom(why)
		}
		if leg != nil || l.Aboard() {
			return k, leg, why
		}
	}
	return nil, nil, why
}

// rests reports whether the loop is a helper that leaves new legs to the first loop.
func (l *txloop) rests() bool { return !l.s.in.Ended() && l.s.helper.Rests(l.ID, l.s.in.Lent()) }

// checkLinks checks the links that carry something, and makes the next round come soon if any does.
func (l *txloop) checkLinks() {
	for i := 0; i < len(l.Links); i++ {
		k := l.Links[i]
		if len(k.Carried) == 0 && !k.Stalled() {
			continue
		}
		if k.Due() {
			if err := k.Check(); err != nil {
				k.lose(err) // which takes it out of links
				i--
				continue
			}
		}
		k.Wake()
	}
}

// findBest finds how soon the best link could bring a leg, when it is first asked in a round. It looks at this loop's links only: each
// loop has links of every path, so another loop rarely has a better one.
func (l *txloop) findBest() time.Duration {
	if l.best != 0 {
		return l.best
	}
	l.best = schedule.ForEver
	for _, k := range l.Links {
		if !k.Leaving && !k.Stalled() {
			l.best = min(l.best, k.ETA(k.Most()))
		}
	}
	return l.best
}

// soonest is how soon a leg of so many bytes, which was sized for a link that is lost, could come by one of this loop's links that
// have shown what they carry. One of them is asked for no less.
func (l *txloop) soonest(bytes int) time.Duration {
	best := schedule.ForEver
	for _, k := range l.Links {
		if k.Rate > 0 && !k.Leaving && !k.Stalled() {
			best = min(best, k.Prospect().Doubted(bytes))
		}
	}
	return best
}

// pull takes a new leg for the link.
func (l *txloop) pull(k *txlink) (*window.Leg, ingest.Hunger) {
	most := k.Most()
	switch {
	case l.s.in.Ended():
		return nil, ingest.NoMore
	case l.rests():
		return nil, resting
	case l.isHeld(k):
		return nil, held
	case l.defers(k):
		return nil, deferred
	case !k.mayTake(most):
		return nil, gated
	}
	leg, why, err := l.s.in.Pull(l.s.fleet.Window, l.Loop, ingest.Bound{Plain: most, Coded: k.MostCoded(most)})
	if err != nil {
		l.s.sourceFailed(err)
	}
	return leg, why
}

// defers reports whether another loop has an idle link on a path that is preferred to the link's: that loop should get what
// the source has.
func (l *txloop) defers(k *txlink) bool {
	for _, p := range l.s.paths()[:k.Path.Order] {
		if p.Idle.Load() > l.idle[p.Order] {
			return true
		}
	}
	return false
}

// countIdle tells the other loops how many idle links this one has on each path.
func (l *txloop) countIdle() {
	if len(l.s.loops) < 2 || len(l.s.paths()) < 2 {
		return
	}
	var now [stream.MaxThreads]int32
	for _, k := range l.Links {
		if k.idle() && l.held>>k.Path.Order&1 == 0 && k.mayTake(k.Most()) {
			now[k.Path.Order]++
		}
	}
	for i, p := range l.s.paths() {
		if d := now[i] - l.idle[i]; d != 0 {
			p.Idle.Add(d)
			l.idle[i] = now[i]
		}
	}
}

// wait arranges for a round as soon as what the idle links lack may be there. It sets the loop's mark first and only then
// checks the reason again, because whoever removed it may have looked at the marks just before.
func (l *txloop) wait(why ingest.Hunger) {
	l.s.hungry.Or(l.mark)
	if l.s.in.Fresh(l.s.fleet.Window, why) {
		l.Nudge()
	}
	switch why {
	case ingest.NoInput:
		l.watchSource()
	case ingest.NoRoom:
		if l.s.room() {
			l.Nudge()
		}
		l.s.fleet.Window.Pressed(l.Now) // counts the time
	case ingest.OtherTurn, ingest.Undecided:
		if l.s.in.MayPull(why) {
			l.Nudge()
		}
	case deferred:
		l.s.deferring.Or(l.mark)
		l.s.nudge(l.s.hungry.Load()&^l.s.deferring.Load(), l.Loop) // not those that would only do the same
	case resting:
		if !l.rests() {
			l.Nudge()
		}
	case stalledSource:
		if !l.s.in.Shore.Busy() {
			l.Nudge()
		}
	case ingest.Paused:
		if err := l.s.in.PauseFor(&l.pause, l.Loop); err != nil {
			l.s.life.Fail(stream.Fail(stream.StatusLocalPipe, err, "cannot wait"))
		}
	case held:
		l.Within(schedule.WatchPause)
	case ingest.NoMore:
		l.end()
		if l.s.fleet.Window.Resends() && l.held == 0 {
			l.Nudge()
		}
	}
}

// watchSource asks for one event when the source is readable, unless another loop already watches it: that one hands over.
func (l *txloop) watchSource() {
	if l.s.watcher.CompareAndSwap(nobody, int32(l.ID)) {
		if err := l.Rearm(l.s.in.Source.FD(), netio.Readable|netio.Once, l.token); err != nil {
			l.s.life.Fail(stream.Fail(stream.StatusLocalPipe, err, "cannot wait for %s", l.s.cfg.Name))
		}
		return
	}
	if l.s.watcher.Load() == nobody {
		l.Nudge()
	}
}

// Ready notes that the source is readable; the dispatch at the end of the round does the rest.
func (l *txloop) Ready(uint32) { l.s.watcher.CompareAndSwap(int32(l.ID), nobody) }

// end makes every link carry the end frame once.
func (l *txloop) end() {
	may, err := l.s.in.MayEnd(l.s.fleet.Window, l.Loop)
	if err != nil {
		l.s.sourceFailed(err)
	}
	if !may {
		return // the next ack brings another round
	}
	for _, k := range slices.Clone(l.Links) {
		if !k.ended && !k.Gone {
			k.ended = true
			k.say(l.s.in.Ending(nil))
		}
	}
}
