package receive

import (
	"slices"
	"time"

	"viamillipede/engine/schedule"
)

// Speechless is part of stream.Half: a sender without a link may still come back. The door is open.
func (r receiveEnd) Speechless(now time.Time) bool {
	r.life.Mu.Lock()
	defer r.life.Mu.Unlock()
	r.life.Outage.Progress(r.life.Ended)
	return r.tenure.Met() && r.life.Up == 0 && r.life.Outage.Judge(now, r.cfg.Dead, r.life.Linger) == schedule.FateWait
}

// MakeWay is part of stream.Worker: what a receiver says never waits for a leg.
func (l *rxloop) MakeWay() {}

// HeardOut is part of stream.Worker.
func (l *rxloop) HeardOut() bool {
	return slices.ContainsFunc(l.Links, func(k *rxlink) bool { return k.Parting && !k.forsaken && !k.KeepsWords() })
}

// Forsake is part of stream.Worker: the sender has given the links up, or will, so that nothing which its kernel takes from them now reaches
// it.
func (l *rxloop) Forsake() {
	for _, k := range l.Links {
		k.forsaken = k.Parting
	}
}
