package engine

import (
	"slices"

	"viamillipede/netio"
)

// txloop is a loop at the sending end: its links, and the dispatcher that feeds them.
type txloop struct {
	*loop
	s     *Sender
	links []*txlink // best rank first: by path in the user's order, then by index
	mark  uint32    // this loop's bit in Sender.hungry

	token int32 // of the watch on the source

	limbo []*txlink // are gone, but the kernel may still read what they sent

	reads bool   // files cannot be sent from the page cache here
	piece []byte // of a file, on its way through memory
}

// legsPerRound bounds how many legs a round hands out before acks are looked at again: buffers that come back early are
// still in the cache.
const legsPerRound = 2

// dispatch is the end of each round: idle links take legs, the best-ranked first, which is also the one that is hottest
// in the cache. It reports whether there is likely more to do at once.
func (l *txloop) dispatch() (again bool) {
	l.s.hungry.And(^l.mark)
	for range legsPerRound {
		k := l.idle()
		if k == nil {
			l.s.handOver(l.loop)
			return false
		}
		leg, why := l.next(k)
		if leg == nil {
			l.wait(why)
			return false
		}
		if leg.length == k.most(l.s.in.most) {
			l.s.handOver(l.loop) // a full leg: there is probably more, for two loops
		}
		if err := k.carry(leg); err != nil {
			k.lose(err)
		}
	}
	return true
}

// idle is the best link that could start a leg at once, or nil.
func (l *txloop) idle() *txlink {
	for _, k := range l.links {
		if k.idle() {
			return k
		}
	}
	return nil
}

// next is the leg for the link to send next: one that was lost before a new one, and when there is neither, one that is
// late on another link.
func (l *txloop) next(k *txlink) (*leg, hunger) {
	if leg := l.s.window.take(); leg != nil {
		return leg, fed
	}
	leg, why, err := l.s.in.pull(l.s.window, l.id, k.most(l.s.in.most))
	if err != nil {
		l.s.sourceFailed(err)
	}
	if leg == nil && why != sourceGone {
		leg = l.s.window.rescue(k.index, l.now.Add(-l.s.usual.late()))
	}
	return leg, why
}

// wait arranges for a round when what the idle link lacks may be there. The loop's mark is set first; then the reason is
// looked at once more, since whoever took it away may have looked at the marks before.
func (l *txloop) wait(why hunger) {
	l.s.hungry.Or(l.mark)
	switch why {
	case noInput:
		l.watchSource()
	case noRoom:
		if l.s.room() {
			l.nudge()
		}
	case otherTurn:
		if !l.s.in.turn.Load() {
			l.nudge()
		}
	case noMore:
		l.end()
		if l.s.window.waiting.Load() > 0 {
			l.nudge()
		}
	}
}

// watchSource asks for one event when the source is readable, unless another loop does: then that one hands over.
func (l *txloop) watchSource() {
	if l.s.watcher.CompareAndSwap(nobody, int32(l.id)) {
		if err := l.poll.Modify(l.s.in.src.FD(), netio.Readable|netio.Once, l.token); err != nil {
			l.s.fail(fail(StatusLocalPipe, err, "cannot wait for standard input"))
		}
		return
	}
	if l.s.watcher.Load() == nobody {
		l.nudge()
	}
}

// ready is the source's readiness: the round's dispatch does the rest.
func (l *txloop) ready(uint32) { l.s.watcher.CompareAndSwap(int32(l.id), nobody) }

// end has every link carry the end frame once.
func (l *txloop) end() {
	for _, k := range slices.Clone(l.links) {
		if !k.ended && !k.gone {
			k.ended = true
			k.say(l.s.in.total.Append(nil))
		}
	}
}

// add takes a new link in, by rank.
func (l *txloop) add(k *txlink) {
	at, _ := slices.BinarySearchFunc(l.links, k, rank)
	l.links = slices.Insert(l.links, at, k)
}

func (l *txloop) remove(k *txlink) {
	l.links = slices.DeleteFunc(l.links, func(o *txlink) bool { return o == k })
}

// rank orders links by the user's order of preference.
func rank(a, b *txlink) int {
	if d := a.path.order - b.path.order; d != 0 {
		return d
	}
	return a.index - b.index
}

func (l *txloop) tick() {
	l.clearLimbo()
	for _, k := range slices.Clone(l.links) {
		k.tick()
	}
}

// farewell says the last words on every link and reports on left when they have left. Why a stream failed is to go out on
// every link, after the leg that is on its way there; for the word that all is well one link will do, since a slow one
// may have a leg on its way that nobody needs any more.
func (l *txloop) farewell(words []byte, left chan<- struct{}) {
	for _, k := range slices.Clone(l.links) {
		k.say(words)
	}
	enough := len(l.links)
	if l.s.err == nil {
		enough = min(enough, 1)
	}
	l.after = func() bool {
		said := len(slices.DeleteFunc(slices.Clone(l.links), (*txlink).busy))
		if said < min(enough, len(l.links)) {
			return false
		}
		l.after = func() bool { return false }
		left <- struct{}{}
		return false
	}
}

// quitFile ends the links that are in the middle of a leg which is in a file.
func (l *txloop) quitFile() {
	for _, k := range slices.Clone(l.links) {
		if k.leg != nil && k.leg.inFile() {
			k.lose(errUnfinished)
		}
	}
}

// closeLinks closes what is left, when the loop has ended.
func (l *txloop) closeLinks() {
	l.abandonLimbo()
	for _, k := range l.links {
		if k.busy() {
			k.abandon()
			continue
		}
		k.part()
	}
}
