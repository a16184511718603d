package engine

import (
	"slices"
	"time"

	"viamillipede/engine/schedule"
)

// speechless is part of End: a sender without a link may still come back. The door is open.
func (r receiveEnd) speechless(now time.Time) bool {
	r.life.mu.Lock()
	defer r.life.mu.Unlock()
	r.life.outage.Progress(r.life.ended)
	return r.tenure.Met() && r.life.up == 0 && r.life.outage.Judge(now, r.cfg.Dead, r.life.linger) == schedule.FateWait
}

// makeWay is part of worker: what a receiver says never waits for a leg.
func (l *rxloop) makeWay() {}

// heardOut is part of worker.
func (l *rxloop) heardOut() bool {
	return slices.ContainsFunc(l.links, func(k *rxlink) bool { return k.parting && !k.forsaken && !k.keepsWords() })
}

// forsake is part of worker: the sender has given the links up, or will, so that nothing which its kernel takes from them now reaches
// it.
func (l *rxloop) forsake() {
	for _, k := range l.links {
		k.forsaken = k.parting
	}
}
