package engine

import (
	"context"

	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
)

// watchNetwork signals each change of the network until ctx ends.
func (s *Sender) watchNetwork(ctx context.Context) {
	err := s.transport.Watch(ctx, func() {
		s.strand()
		s.networkChanged()
		sleep(ctx, schedule.ChangePause)
	})
	if err != nil && ctx.Err() == nil {
		observe.Tell(s.observer, observe.NetworkNotWatched{Sender: true, Err: err})
	}
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
