package engine

import (
	"context"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// findVoice waits for a link on which to tell the receiver why the stream failed here. Links that cannot carry the news are ended
// and dialled anew: those in the middle of a leg from the source that cannot be finished, and those on which nothing gets through.
func (s *Sender) findVoice(ctx context.Context) {
	status, atMost := stream.ExitStatus(s.err), s.time.Linger
	stuck := status == stream.StatusLost && s.linksUp()
	if !insists(s.err, s.told.Load()) && !stuck {
		return
	}
	if stuck {
		atMost = s.time.Farewell
	}
	wait, end := context.WithTimeout(ctx, atMost)
	defer end()
	quit := make(chan struct{}, len(s.loops))
	for _, l := range s.loops {
		if !l.Post(func() { l.quitLegs(stuck); quit <- struct{}{} }) {
			quit <- struct{}{}
		}
	}
	stream.AwaitAll(quit, len(s.loops), s.time.Farewell)
	ticker := time.NewTicker(s.time.Tick * schedule.TicksPerLook)
	defer ticker.Stop()
	for s.speechless() && (stuck || s.judge(time.Now()) == nil) {
		select {
		case <-s.poke:
		case <-ticker.C:
		case <-wait.Done():
			return
		}
	}
}

// linksUp reports whether there are links.
func (s *Sender) linksUp() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.up > 0
}

// speechless reports whether there is a receiver but no link to it.
func (s *Sender) speechless() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.met && s.up == 0
}

// lastWords is what the receiver is told about the end.
func (s *Sender) lastWords() []byte {
	if s.err != nil {
		return faultOf(s.err).Append(nil)
	}
	return wire.Bye{Stream: true}.Append(nil)
}

// farewell tells the receiver how the stream ended, on every link, and waits until the words have left.
func (s *Sender) farewell() {
	words := s.lastWords()
	left := make(chan struct{}, len(s.loops))
	for _, l := range s.loops {
		if !l.Post(func() { l.farewell(words, left) }) {
			left <- struct{}{}
		}
	}
	stream.AwaitAll(left, len(s.loops), s.time.Farewell)
	if s.err == nil {
		s.awaitGoodbye()
	}
}

// awaitGoodbye waits, briefly, until the receiver has answered our last words on one of the links, or has ended them all. If a link
// is closed while something comes in, the kernel resets it and throws away what it has not sent yet; a receiver that has not heard
// the words would wait for us.
func (s *Sender) awaitGoodbye() {
	late := time.NewTimer(s.time.Farewell)
	defer late.Stop()
	for s.linksUp() && !s.parted.Load() {
		select {
		case <-s.poke:
		case <-late.C:
			return
		}
	}
}
