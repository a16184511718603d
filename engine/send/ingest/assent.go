package ingest

import (
	"errors"
	"sync/atomic"

	"viamillipede/engine/internal/chore"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/parties"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// assent is what the producer, if it is known, says once its stream has been read to the end: whether that was all. END waits for it.
//
//	read to its end ---> asked, once, on a goroutine ---> given: loops say END
//	                                                 +--> the stream fails
type assent struct {
	producer parties.Producer
	over     <-chan struct{}
	assents  func()
	denies   func(error)
	told     observe.Observer

	asked, given atomic.Bool
	exits        bool  // the receiver takes the status of a program
	status       uint8 // that it is to be told; set before given
	chore        chore.Chore
}

func (a *assent) open(c Config) {
	a.producer, a.over, a.assents, a.denies, a.told = c.Producer, c.Over, c.Granted, c.Refused, c.Observer
}

func (a *assent) close() { a.chore.Join(schedule.HaltMost) }

// Assented reports whether all of the stream has been read, as far as the producer is concerned. It is asked if need be; then Granted or
// Refused of Config is called later. The stream has been read to its end.
func (in *Intake) Assented() bool {
	a := &in.assent
	if a.producer == nil || a.given.Load() || in.limit > 0 && in.legs == in.limit {
		return true
	}
	if a.asked.CompareAndSwap(false, true) {
		a.chore.Start(a.ask)
	}
	return false
}

func (a *assent) ask() {
	defer stream.Caught("the end of the input", a.told, func(e *stream.Error) { a.denies(e) })
	err := parties.Consult(a.over, 0, a.producer.Whole)
	if x, ok := errors.AsType[*parties.Exited](err); ok && a.exits {
		a.status, err = x.Status, nil
	}
	if err != nil {
		a.denies(err)
		return
	}
	a.given.Store(true)
	a.assents()
}

// Ending appends what each link says once all of the stream has been read, and that MayEnd.
func (in *Intake) Ending(dst []byte) []byte {
	if s := in.assent.status; s != 0 {
		dst = wire.Exit{Status: s}.Append(dst)
	}
	return in.Total.Append(dst)
}
