package engine

import (
	"errors"
	"sync/atomic"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/wire"
)

// tenure is whose stream a receiver has. A hello proves nothing, so the stream becomes the receiver's own only when a whole leg is in,
// or the end has come of a stream without legs.
//
//	             a hello          a leg
//	vacant -----------------> tried ---> owned, for good
//	   ^   its last link ended  |          ^
//	   +------------------------+          | a leg, which was on its way
//	   |                        | another sender waits, or this one says that it has failed
//	   |   its last link ended  v          |
//	   +--------------------- yielding ----+
//
// What would end a stream that is owned only ends the link while the stream is tried: anybody can send it. Two copies of a leg that
// differ are the exception (rxleg.go).
//
// A stream that is tried may wait for its source for as long as nobody else comes. If it has brought no leg for Timing.Yield and
// another sender is at the door, it yields: its links are told so, and its sender dials again like anybody. Meanwhile the other
// sender waits for its welcome (turn.go).
//
// All is guarded by Receiver.mu; only owns may be called without.
type tenure struct {
	stage atomic.Int32  // written under Receiver.mu
	hello wire.Hello    // the first of the current stream; zero while vacant
	since time.Time     // of that hello
	links int           // up, and admitted but not yet up
	quit  *wire.Fault   // why the sender of a stream that yields has failed; nil: it has not
	turn  chan struct{} // closed when the stream is owned, or the receiver vacant again; then made anew
}

// stage is how far a receiver has got with its tenure.
type stage int32

const (
	vacant   stage = iota // there is no stream
	tried                 // there is one, of which no leg is in
	yielding              // likewise, and its links are on their way out
	owned                 // the stream is the receiver's own
)

// errTried is a hello of a sender that may have its turn later.
var errTried = errors.New("another sender is being tried")

func newTenure() tenure { return tenure{turn: make(chan struct{})} }

func (t *tenure) in() stage     { return stage(t.stage.Load()) }
func (t *tenure) goes(to stage) { t.stage.Store(int32(to)) }

// owns reports whether the stream is the receiver's own. It may be called at any time, for each leg too.
func (t *tenure) owns() bool { return t.in() == owned }

// met reports whether there is a stream.
func (t *tenure) met() bool { return t.in() != vacant }

// another reports whether a hello is not of the current stream.
func (t *tenure) another(h wire.Hello) bool { return !t.met() || h.Stream != t.hello.Stream }

// try makes the stream of a hello the current one.
func (t *tenure) try(h wire.Hello, now time.Time) {
	t.hello, t.since = h, now
	t.goes(tried)
}

// own makes the current stream the receiver's own. Its links may be on their way out, and come back. It returns why its sender has
// failed, which it may have said on another link; nil: it has not.
func (t *tenure) own() *wire.Fault {
	t.goes(owned)
	t.nextTurn()
	return t.quit
}

// yield makes a stream that is tried yield; false if there is none, or it yields already.
func (t *tenure) yield() bool {
	if t.in() != tried {
		return false
	}
	t.goes(yielding)
	return true
}

// giveUp makes a stream yield because its sender has failed; false if it has said so before. The stream must not be owned.
func (t *tenure) giveUp(f wire.Fault) bool {
	if t.quit != nil {
		return false
	}
	t.quit = &f
	t.goes(yielding)
	return true
}

// vacate makes room for another stream.
func (t *tenure) vacate() {
	t.hello, t.quit = wire.Hello{}, nil
	t.goes(vacant)
	t.nextTurn()
}

// nextTurn makes those who wait at the door look again.
func (t *tenure) nextTurn() {
	close(t.turn)
	t.turn = make(chan struct{})
}

// defers reports whether a hello has to wait because another sender is being tried.
func (t *tenure) defers(h wire.Hello) bool {
	switch t.in() {
	case tried:
		return t.another(h)
	case yielding:
		return true
	}
	return false
}

// outWhy is why the links of the current stream are on their way out; nil: they are not.
func (t *tenure) outWhy() error {
	switch {
	case t.in() != yielding:
		return nil
	case t.quit != nil:
		return stream.ErrQuit
	}
	return stream.ErrYields
}
