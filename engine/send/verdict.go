package send

import (
	"fmt"
	"time"

	"viamillipede/engine/internal/outcry"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/wire"
)

// sendEnd is a sender as its life and its links see it.
type sendEnd struct{ *Sender }

// delivered handles the receiver's word that everything is written, or as much as its consumer wanted.
func (s *Sender) delivered(d wire.Done) {
	s.done.Store(&d)
	if d.Early {
		s.stoppedEarly(d)
		return
	}
	if !s.in.Ended() || !s.in.Assented() || d.Legs != s.in.Total.Legs || d.Bytes != s.in.Total.Bytes {
		s.life.Fail(stream.Fail(stream.StatusIntegrity, nil, "the receiver delivered %d bytes in %d legs, which is not what was sent",
			d.Bytes, d.Legs))
		return
	}
	s.life.Finish(nil)
}

// stoppedEarly ends a stream that the receiver's consumer wants no more of.
func (s *Sender) stoppedEarly(d wire.Done) {
	if sent := s.in.Size(); d.Bytes > sent {
		s.life.Fail(stream.Fail(stream.StatusIntegrity, nil, "the receiver's consumer has read %d bytes, but %d were sent", d.Bytes, sent))
		return
	}
	s.life.Mu.Lock()
	defer s.life.Mu.Unlock()
	if !s.life.Finished {
		observe.Tell(s.observer, observe.PeerConsumerStopped{Read: d.Bytes})
	}
	s.life.FinishLocked(nil)
}

// PeerFailed handles the receiver's word on why it failed.
func (s sendEnd) PeerFailed(_ *stream.Link, f wire.Fault) error {
	s.life.Told.Store(true)
	s.life.Fail(stream.RemoteError("receiver", f))
	return nil
}

// PeerFinished handles the receiver's word that it is done with the stream. If it succeeded, it has said so before, on the same link.
func (s sendEnd) PeerFinished() {
	s.life.Mu.Lock()
	defer s.life.Mu.Unlock()
	if s.life.Finished {
		s.life.Parted.Store(true)
		s.life.Rouse()
		return
	}
	s.life.Told.Store(true)
	s.life.FinishLocked(s.asFarAsKnown(stream.Fail(stream.StatusLost, nil, "the receiver ended the stream without saying that it was written")))
}

// asFarAsKnown makes the error of a stream say that everything was received, if it was. Under Life.Mu.
func (s *Sender) asFarAsKnown(err *stream.Error) *stream.Error {
	if s.in.Ended() && !s.fleet.Window.Pending() {
		err.Reason = fmt.Sprintf("all %d bytes were received; whether they were written is not known: %s", s.in.Total.Bytes, err.Reason)
	}
	return err
}

// sourceFailed ends the stream, because its bytes cannot be read.
func (s *Sender) sourceFailed(err error) {
	if e, ok := err.(*stream.Error); ok {
		s.life.Fail(e)
		return
	}
	s.life.Fail(stream.Fail(stream.StatusLocalPipe, err, "cannot read %s", s.cfg.Name))
}

// Glance is part of stream.Half.
func (s sendEnd) Glance(now time.Time) {
	s.reach.Report(now)
}

// Concluded is part of stream.Half: a sender is told when all is delivered.
func (s sendEnd) Concluded(time.Time) bool { return false }

// Patience is part of stream.Half.
func (s sendEnd) Patience() (dead, giveup time.Duration) { return s.cfg.Dead, s.life.Giveup() }

// Verdict is part of stream.Half: the error of a stream that has failed for lack of links.
func (s sendEnd) Verdict(now time.Time) *stream.Error {
	s.life.Mu.Lock()
	defer s.life.Mu.Unlock()
	if err := s.reach.Hopeless(now); err != nil || !s.life.Outage.Met() {
		return err
	}
	s.life.Outage.Progress(s.lastMove(now))
	s.life.Outage.Hope(s.fleet.HopedAt())
	if err := s.reach.Doom(now); err != nil {
		return s.asFarAsKnown(err)
	}
	return nil
}

// lastMove is when payload last moved. It is now while nothing has to move: a link is up, the receiver has all that was sent, and
// there is more to come. Under Life.Mu.
func (s *Sender) lastMove(now time.Time) time.Time {
	if s.life.Up > 0 && !s.in.Ended() && !(s.fleet.Window != nil && s.fleet.Window.Pending()) {
		return now
	}
	return s.fleet.MovedAt()
}

// Plight is part of stream.Half.
func (s sendEnd) Plight(time.Time) outcry.Plight {
	return outcry.Plight{Without: s.life.Up == 0, Links: s.life.Up, Since: s.life.Outage.Still(), Over: s.life.Finished && s.life.Err == nil}
}

// Cry is part of stream.Half.
func (s sendEnd) Cry(o *observe.Outage, n outcry.News, p outcry.Plight) bool {
	return s.reach.Cry(o, n, p)
}
