package doors

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/engine/internal/chore"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// Tenure is whose stream an end that is to meet any peer has: a receiver, which of several senders, or a sender that listens, which of
// several receivers. A hello or a call proves nothing, so the stream becomes the end's own only when a whole leg is in, or the end has
// come of a stream without legs; at a sender, when the receiver says that it has a leg, or what is in its file: such a sender leaves out what
// is there, so that a leg which it has cut is for that receiver alone.
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
// differ are the exception.
//
// A stream that is tried may wait for its source for as long as nobody else comes. If it has brought no leg for Timing.Yield and
// another sender is at the door, it yields: its links are told so, and its sender dials again like anybody. Meanwhile the other
// sender waits for its welcome.
//
// One lock of its owner is held during each call; only Owns may be called without.
type Tenure struct {
	peer  string        // for people: "sender" or "receiver"
	stage atomic.Int32  // written under that lock
	first Claim         // of the current peer; zero while vacant
	since time.Time     // of that hello
	links int           // up, and admitted but not yet up
	quit  *wire.Fault   // why the sender of a stream that yields has failed; nil: it has not
	turn  chan struct{} // closed when the stream is owned, or the receiver vacant again; then made anew
}

// Claim is what a hello or a call says about the link that it wants.
type Claim struct {
	Peer        wire.StreamID // names the stream of a sender, or a receiver
	Phrase      [4]byte
	Elsewhere   bool // the stream is known to have begun with another peer
	Link, Links uint32
	Features    uint32
}

// ClaimOf is the claim of a sender.
func ClaimOf(h wire.Hello) Claim {
	return Claim{h.Stream, h.Phrase, h.Flags&wire.FlagResume != 0, h.Link, h.Links, h.Features}
}

// stage is how far an end has got with its tenure.
type stage int32

const (
	vacant   stage = iota // there is no stream
	tried                 // there is one, of which no leg is in
	yielding              // likewise, and its links are on their way out
	owned                 // the stream is the receiver's own
)

// ErrTried is why a sender is refused that may have its turn later.
var ErrTried = errors.New("another peer is being tried")

// NewTenure is that of an end that has not been met by its peer, the "sender" or the "receiver".
func NewTenure(peer string) Tenure { return Tenure{peer: peer, turn: make(chan struct{})} }

func (t *Tenure) in() stage     { return stage(t.stage.Load()) }
func (t *Tenure) goes(to stage) { t.stage.Store(int32(to)) }

// Owns reports whether the stream is the receiver's own. It may be called at any time, for each leg too.
func (t *Tenure) Owns() bool { return t.in() == owned }

// Met reports whether there is a stream.
func (t *Tenure) Met() bool { return t.in() != vacant }

// another reports whether a claim is not the current peer's.
func (t *Tenure) another(h Claim) bool { return !t.Met() || h.Peer != t.first.Peer }

// First is the first claim of the current peer; zero if there is none.
func (t *Tenure) First() Claim { return t.first }

// Judge decides on a claim that has to bring this checkphrase. An error is why it is refused; ErrTried, if its turn may come.
func (t *Tenure) Judge(h Claim, phrase [4]byte) (wire.Verdict, error) {
	before := t.first
	switch {
	case h.Phrase != phrase:
		return wire.VerdictPhrase, errors.New("wrong checkphrase")
	case t.Owns() && t.another(h):
		return wire.VerdictBusy, fmt.Errorf("another %s; this end serves one stream", t.peer)
	case t.another(h) && h.Elsewhere:
		return wire.VerdictUnknown, fmt.Errorf("a %s whose stream began elsewhere", t.peer)
	case t.defers(h):
		return wire.VerdictBusy, ErrTried
	case h.Link >= stream.MaxThreads:
		return wire.VerdictMalformed, fmt.Errorf("link %d, expected less than %d", h.Link, stream.MaxThreads)
	case t.Met() && h.Links != before.Links:
		return wire.VerdictMalformed, fmt.Errorf("%d links, expected %d as before", h.Links, before.Links)
	case t.Met() && h.Features != before.Features:
		return wire.VerdictMalformed, fmt.Errorf("features %#x, expected %#x as before", h.Features, before.Features)
	case h.Link >= max(h.Links, 1):
		return wire.VerdictMalformed, fmt.Errorf("link %d of %d", h.Link, h.Links)
	}
	return wire.VerdictOK, nil
}

// LinkCame notes that a link was admitted.
func (t *Tenure) LinkCame() { t.links++ }

// LinkGone notes that an admitted link is gone; it reports whether it was the last one of a stream that is not owned.
func (t *Tenure) LinkGone() (last bool) {
	t.links--
	return t.links <= 0 && !t.Owns()
}

// AwaitTurn waits until a peer that was told ErrTried, and has been at the door since then, may be heard again; false if it has waited
// too long. mu is what guards the tenure, and is not held by the caller. turnOut ends the links of a stream that has to yield.
func (t *Tenure) AwaitTurn(ctx context.Context, mu sync.Locker, h Claim, since time.Time, at schedule.Timing, turnOut func(error)) bool {
	most := at.Hello - time.Since(since)
	mu.Lock()
	waits, turn, left := t.defers(h), t.turn, time.Until(t.since.Add(at.Yield))
	yields := waits && most > 0 && left <= 0 && t.Yield()
	mu.Unlock()
	switch {
	case !waits:
		return true
	case most <= 0:
		return false
	case left <= 0:
		left = most
	}
	if yields {
		turnOut(stream.ErrYields)
	}
	chore.SleepUntil(ctx, min(left, most), turn, nil, nil)
	return ctx.Err() == nil
}

// Try makes the peer that claims a link the current one.
func (t *Tenure) Try(h Claim, now time.Time) {
	t.first, t.since = h, now
	t.goes(tried)
}

// Own makes the current stream the receiver's own. Its links may be on their way out, and come back. It returns why its sender has
// failed, which it may have said on another link; nil: it has not.
func (t *Tenure) Own() *wire.Fault {
	t.goes(owned)
	t.nextTurn()
	return t.quit
}

// Yield makes a stream that is tried yield; false if there is none, or it yields already.
func (t *Tenure) Yield() bool {
	if t.in() != tried {
		return false
	}
	t.goes(yielding)
	return true
}

// GiveUp makes a stream yield because its sender has failed; false if it has said so before. The stream must not be owned.
func (t *Tenure) GiveUp(f wire.Fault) bool {
	if t.quit != nil {
		return false
	}
	t.quit = &f
	t.goes(yielding)
	return true
}

// Vacate makes room for another stream.
func (t *Tenure) Vacate() {
	t.first, t.quit = Claim{}, nil
	t.goes(vacant)
	t.nextTurn()
}

// nextTurn makes those who wait at the door look again.
func (t *Tenure) nextTurn() {
	close(t.turn)
	t.turn = make(chan struct{})
}

// defers reports whether a hello has to wait because another sender is being tried.
func (t *Tenure) defers(h Claim) bool {
	switch t.in() {
	case tried:
		return t.another(h)
	case yielding:
		return true
	}
	return false
}

// OutWhy is why the links of the current stream are on their way out; nil: they are not.
func (t *Tenure) OutWhy() error {
	switch {
	case t.in() != yielding:
		return nil
	case t.quit != nil:
		return stream.ErrQuit
	}
	return stream.ErrYields
}
