package send

import (
	"fmt"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/ways"
	"viamillipede/engine/wire"
)

// sendEnd is a sender as its life and its links see it.
type sendEnd struct{ *Sender }

// delivered handles the receiver's word that everything is written, or as much as its consumer wanted.
func (s *Sender) delivered(d wire.Done) {
	if d.Early {
		s.stoppedEarly(d)
		return
	}
	if !s.in.Ended() || d.Legs != s.in.Total.Legs || d.Bytes != s.in.Total.Bytes {
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
	if s.in.Ended() && !s.window.Pending() {
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
func (s sendEnd) Glance(time.Time) {}

// Concluded is part of stream.Half: a sender is told when all is delivered.
func (s sendEnd) Concluded(time.Time) bool { return false }

// Patience is part of stream.Half.
func (s sendEnd) Patience() (dead, giveup time.Duration) { return s.cfg.Dead, s.cfg.Giveup }

// Verdict is part of stream.Half: the error of a stream that has failed for lack of links.
func (s sendEnd) Verdict(now time.Time) *stream.Error {
	answers := s.dialer.Answers()
	s.life.Mu.Lock()
	defer s.life.Mu.Unlock()
	if !s.life.Outage.Met() {
		return answers.FirstContact(now.Sub(s.life.Started), s.cfg.Connect)
	}
	if s.life.Up == 0 && !s.begun.Load() && answers.Final() {
		return stream.Fail(stream.StatusRefused, nil, "%s", answers.Unreachable()) // no leg had arrived, and the receiver took another sender's
	}
	s.life.Outage.Progress(s.lastMove(now))
	s.life.Outage.Hope(s.life.Started.Add(time.Duration(s.hoped.Load())))
	if err := s.doom(now, answers); err != nil {
		return s.asFarAsKnown(err)
	}
	return nil
}

// lastMove is when payload last moved. It is now while nothing has to move: a link is up, the receiver has all that was sent, and
// there is more to come. Under Life.Mu.
func (s *Sender) lastMove(now time.Time) time.Time {
	if s.life.Up > 0 && !s.in.Ended() && !(s.window != nil && s.window.Pending()) {
		return now
	}
	return s.movedAt()
}

// movedAt is when payload last moved.
func (s *Sender) movedAt() time.Time { return s.life.Started.Add(time.Duration(s.moved.Load())) }

// move notes that payload moved: the receiver has more of it. See txlink.seemsToMove for what else counts.
func (s *Sender) move(now time.Time) { s.moved.Store(int64(now.Sub(s.life.Started))) }

// doom is Verdict once the receiver was met, under Life.Mu.
func (s *Sender) doom(now time.Time, answers ways.Answers) *stream.Error {
	dead, giveup := sendEnd{s}.Patience()
	switch s.life.Outage.Judge(now, dead, giveup) {
	case schedule.FateRefused:
		return stream.Fail(stream.StatusLost, nil, "the receiver is gone: its host has refused for %v (%s)", dead, answers.Unreachable())
	case schedule.FateUnknown:
		return stream.Fail(stream.StatusLost, nil, "the receiver is gone: another one is in its place (%s)", answers.Unreachable())
	case schedule.FateLost:
		return s.lostFor(giveup)
	}
	return nil
}

// lostFor is the error of a stream on which no payload moved for giveup; under Life.Mu.
func (s *Sender) lostFor(giveup time.Duration) *stream.Error {
	if why := s.swallowed(); why != nil {
		return stream.Fail(stream.StatusLost, why, "nothing has got through to the receiver for longer than giveup (%v)", giveup)
	}
	if s.life.Up > 0 {
		return stream.Fail(stream.StatusLost, nil, "nothing has got through to the receiver for longer than giveup (%v)", giveup)
	}
	return stream.Fail(stream.StatusLost, nil, "all paths to the receiver have been lost for longer than giveup (%v)", giveup)
}

// swallowed returns a BlackHole if a path is known to be one, else nil.
func (s *Sender) swallowed() error {
	for _, p := range s.paths {
		if n := p.Hole.Load(); n > 0 {
			return observe.BlackHole{Path: p.String(), Bytes: n}
		}
	}
	return nil
}

// Plight is part of stream.Half.
func (s sendEnd) Plight(time.Time) stream.Plight {
	return stream.Plight{Without: s.life.Up == 0, Links: s.life.Up, Since: s.life.Outage.Still(), Over: s.life.Finished && s.life.Err == nil}
}

// Cry is part of stream.Half.
func (s sendEnd) Cry(o *observe.Outage, n stream.News, p stream.Plight) bool {
	o.Sender, o.Links = true, p.Links
	if o.First {
		o.Until, o.Limit = s.life.Started.Add(s.cfg.Connect), observe.LimitConnect
	}
	switch hole := s.swallowed(); {
	case n == stream.NewsEnds:
		o.Paths = s.working()
	case hole != nil && !o.First:
		o.Why = hole
	case p.Links == 0 || o.First:
		o.Why = s.dialer.Answers().Unreachable()
	}
	return true
}

// working names the paths that have a link.
func (s *Sender) working() (names []string) {
	for _, p := range s.paths {
		if p.Links() > 0 {
			names = append(names, p.String())
		}
	}
	return names
}
