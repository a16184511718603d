package engine

import (
	"context"
	"slices"

	"viamillipede/engine/schedule"
	"viamillipede/netio/dial"
)

// watchNetwork signals each change of the network until ctx ends.
func (s *Sender) watchNetwork(ctx context.Context) {
	err := s.transport.Watch(ctx, func() {
		s.strand()
		s.networkChanged()
		sleep(ctx, schedule.ChangePause)
	})
	if err != nil && ctx.Err() == nil {
		tell(s.observer, NetworkNotWatched{Sender: true, Err: err})
	}
}

// strand ends the links whose device has gone or was made anew: nothing gets through on them any more, and no packet will say so.
func (s *Sender) strand() {
	if !s.zones.Load() {
		return
	}
	for _, l := range s.loops {
		l.Post(func() {
			for _, k := range slices.Clone(l.links) {
				if err := k.stranded(); err != nil {
					k.lose(err)
				}
			}
		})
	}
}

// stranded says what has become of the device of a link to a link-local address; nil: it is still there.
func (k *txlink) stranded() error {
	if k.to.Zone() == "" {
		return nil
	}
	return dial.SameZone(k.to, k.zoned)
}

// networkChanged is called after devices, addresses or routes of this machine have changed, once for a burst of changes,
// on a goroutine of its own. Keepers that wait to try again do so at once.
func (s *Sender) networkChanged() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.change)
	s.change = make(chan struct{})
}

// nextChange is closed when the network next changes.
func (s *Sender) nextChange() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.change
}
