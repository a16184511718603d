package send

import (
	"context"
	"slices"
	"time"

	"viamillipede/engine/internal/stream"
)

// Speechless is part of stream.Half: there is a receiver, and no link to it yet.
func (s sendEnd) Speechless(now time.Time) bool { return s.isAlone() && s.Verdict(now) == nil }

// isAlone reports whether there is a receiver but no link to it.
func (s *Sender) isAlone() bool {
	s.life.Mu.Lock()
	defer s.life.Mu.Unlock()
	return s.met && s.life.Up == 0 && s.life.Outage.Met()
}

// unstick ends the links of a stream that is lost although it has links, for nothing gets through on them. It waits a moment for a new
// one that can tell the receiver.
func (s *Sender) unstick(ctx context.Context) {
	if stream.ExitStatus(s.life.Err) != stream.StatusLost || !s.life.LinksUp() {
		return
	}
	wait, end := context.WithTimeout(ctx, s.time.Farewell)
	defer end()
	s.life.Everywhere(func(w stream.Worker) { w.(*txloop).quitLegs(true) })
	s.life.AwaitVoice(wait, func(time.Time) bool { return s.isAlone() })
}

// awaitGoodbye waits, briefly, until the receiver has answered the news of success on one of the links, or has ended them all. If a link
// is closed while something comes in, the kernel resets it and throws away what it has not sent yet; a receiver that has not heard
// the words would wait for us.
func (s *Sender) awaitGoodbye() {
	if s.life.Err != nil {
		return
	}
	late := time.NewTimer(s.time.Farewell)
	defer late.Stop()
	for s.life.LinksUp() && !s.life.Parted.Load() {
		select {
		case <-s.life.Poke:
		case <-late.C:
			return
		}
	}
}

// MakeWay is part of stream.Worker: a link in the middle of a leg from the source that cannot be finished will never say another word.
func (l *txloop) MakeWay() { l.quitLegs(false) }

// HeardOut is part of stream.Worker.
func (l *txloop) HeardOut() bool {
	return slices.ContainsFunc(l.Links, func(k *txlink) bool { return !k.busy() && !k.KeepsWords() })
}

// Forsake is part of stream.Worker: nothing gets through on the links, and their keepers dial anew.
func (l *txloop) Forsake() {
	for _, k := range slices.Clone(l.Links) {
		k.lose(stream.ErrStuck)
	}
}
