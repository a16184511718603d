package ingest

import (
	"sync/atomic"

	"viamillipede/engine/internal/chore"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/parties"
	"viamillipede/engine/schedule"
)

// opening makes a source usable that is not so from the start: its producer opens it once a link could carry the first leg.
//
//	wanted ---> asked, once, on a goroutine ---> open: loops Pull again
//	                                        +--> the stream fails
type opening struct {
	opener parties.Opener // nil: the source is usable from the start

	asked, open atomic.Bool
	chore       chore.Chore
}

// usable reports whether the source can be read. Its producer is asked for that if need be; then Granted or Refused of Config is called
// later. The caller has the turn.
func (in *Intake) usable() bool {
	o := &in.opening
	if o.opener == nil || o.open.Load() {
		return true
	}
	if o.asked.CompareAndSwap(false, true) {
		o.chore.Start(in.openUp)
	}
	return false
}

func (in *Intake) openUp() {
	a := &in.assent
	defer stream.Caught("the beginning of the input", a.told, func(e *stream.Error) { a.denies(e) })
	if err := parties.Consult(a.over, 0, in.opening.opener.Open); err != nil {
		a.denies(err)
		return
	}
	in.opening.open.Store(true)
	a.assents()
}

func (o *opening) close() { o.chore.Join(schedule.HaltMost) }
