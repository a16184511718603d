package ingest

import (
	"viamillipede/engine/observe"
	"viamillipede/engine/parties"
	"viamillipede/engine/resume"
	"viamillipede/engine/window"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// Features are what a receiver may grant because of what the source is: a file, whose user wants it; or a program whose status is to be told.
func (in *Intake) Features(holes, goOn bool) (asked uint32) {
	if in.sized && holes {
		asked |= wire.FeatureHoles
	}
	if goOn { // of a source that is empty too, of which nobody is asked anything: the receiver is to know what was said here
		asked |= wire.FeatureKeep
	}
	if _, ok := in.producer.(parties.Exiting); ok {
		asked |= wire.FeatureExit
	}
	if in.screen.of != nil {
		asked |= wire.FeatureSize
	}
	return asked
}

// Grant notes what the receiver has granted; once, before the first Pull. news is called, by any goroutine, when a Pull that was
// Undecided may be repeated. An error: the kernel has no random bytes.
func (in *Intake) Grant(asked, granted uint32, news func()) error {
	in.granted, in.exits = granted&wire.FeatureHoles != 0, granted&wire.FeatureExit != 0
	in.screen.grant(granted)
	switch {
	case asked&wire.FeatureKeep == 0:
		return nil
	case granted&wire.FeatureKeep == 0:
		observe.Tell(in.observer, observe.ResumeMissing{})
		return nil
	case !in.sized:
		return nil
	}
	var key [wire.KeyLen]byte
	if err := netio.Random(key[:]); err != nil {
		return err
	}
	in.Agreement = resume.NewAgreement(in.Source, in.begin, in.length, key, news, in.observer)
	return nil
}

// MayPull reports whether what kept a Pull back does so no more, if it was OtherTurn or Undecided.
func (in *Intake) MayPull(why Hunger) bool {
	switch {
	case why == Undecided && in.opening.opener != nil:
		return in.opening.open.Load()
	case why == Undecided:
		return in.Agreement.Known(int64(in.offset.Load()))
	}
	return !in.turn.Load()
}

// cutKnown makes the next leg of a file of which the receiver may have a part; done bytes of the stream have been taken, and not all.
func (in *Intake) cutKnown(shard, most int, done int64) (*window.Leg, Hunger, error) {
	if in.Agreement == nil {
		return in.cutPiece(shard, most, done, in.length)
	}
	verdict, upTo := in.Agreement.At(done)
	switch verdict {
	case resume.Unknown:
		return nil, Undecided, nil
	case resume.Keep:
		n := min(upTo-done, holeMost)
		in.Agreement.Passed(n, done+n, true)
		return window.NewBare(wire.Kept, uint32(n)), Fed, nil
	}
	l, why, err := in.cutPiece(shard, most, done, upTo)
	if l != nil {
		n := int64(l.Span())
		in.Agreement.Passed(n, done+n, false)
	}
	return l, why, err
}
