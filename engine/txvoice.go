package engine

import (
	"context"
	"slices"
	"time"

	"viamillipede/engine/internal/stream"
)

// speechless is part of End: there is a receiver, and no link to it yet.
func (s sendEnd) speechless(now time.Time) bool { return s.isAlone() && s.verdict(now) == nil }

// isAlone reports whether there is a receiver but no link to it.
func (s *Sender) isAlone() bool {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	return s.met && s.life.up == 0
}

// unstick ends the links of a stream that is lost although it has links, for nothing gets through on them. It waits a moment for a new
// one that can tell the receiver.
func (s *Sender) unstick(ctx context.Context) {
	if stream.ExitStatus(s.life.err) != stream.StatusLost || !s.life.linksUp() {
		return
	}
	wait, end := context.WithTimeout(ctx, s.time.Farewell)
	defer end()
	s.life.everywhere(func(w worker) { w.(*txloop).quitLegs(true) })
	s.life.awaitVoice(wait, func(time.Time) bool { return s.isAlone() })
}

// awaitGoodbye waits, briefly, until the receiver has answered the news of success on one of the links, or has ended them all. If a link
// is closed while something comes in, the kernel resets it and throws away what it has not sent yet; a receiver that has not heard
// the words would wait for us.
func (s *Sender) awaitGoodbye() {
	if s.life.err != nil {
		return
	}
	late := time.NewTimer(s.time.Farewell)
	defer late.Stop()
	for s.life.linksUp() && !s.life.parted.Load() {
		select {
		case <-s.life.poke:
		case <-late.C:
			return
		}
	}
}

// makeWay is part of worker: a link in the middle of a leg from the source that cannot be finished will never say another word.
func (l *txloop) makeWay() { l.quitLegs(false) }

// heardOut is part of worker.
func (l *txloop) heardOut() bool {
	return slices.ContainsFunc(l.links, func(k *txlink) bool { return !k.busy() && !k.keepsWords() })
}

// forsake is part of worker: nothing gets through on the links, and their keepers dial anew.
func (l *txloop) forsake() {
	for _, k := range slices.Clone(l.links) {
		k.lose(stream.ErrStuck)
	}
}
