package receive

import (
	"context"
	"slices"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/wire"
)

// own makes the current stream the receiver's own, if it is not yet: some of it is in. It is called before the link that brought
// the leg can have been lost.
func (r *Receiver) own() {
	if r.tenure.Owns() {
		return
	}
	r.life.Mu.Lock()
	defer r.life.Mu.Unlock()
	if r.tenure.Owns() {
		return // another loop was faster
	}
	r.out.Begin() // first: whoever sees an owned stream may publish and deliver a leg of it
	if f := r.tenure.Own(); f != nil {
		r.life.Told.Store(true)
		r.life.FinishLocked(stream.RemoteError("sender", *f))
	}
}

// quits frees the receiver after its sender has said, on a link from there, that it has failed; false if the stream is already
// the receiver's own.
func (r *Receiver) quits(f wire.Fault, from string) bool {
	r.life.Mu.Lock()
	ours := r.tenure.Owns()
	first := !ours && r.tenure.GiveUp(f)
	r.life.Mu.Unlock()
	if first {
		r.doors.SenderFailed(from, f.Text)
		r.turnAllOut(stream.ErrQuit)
	}
	return !ours
}

// spoils handles what makes an owned stream fail. While the stream is tried, the error only ends its link.
func (r *Receiver) spoils(err *stream.Error) error {
	if !r.tenure.Owns() {
		return err
	}
	r.life.Fail(err)
	return nil // the link has to carry the news
}

// linkGone notes that an admitted link is gone. The last one of a stream that is not owned leaves the receiver as it was. Under Life.Mu.
func (r *Receiver) linkGone() {
	if last := r.tenure.LinkGone(); !last || r.life.Finished {
		return
	}
	r.tenure.Vacate()
	r.out.End.Store(nil)
	r.bye.Store(false)
	r.life.Outage.Forget(time.Now())
	r.life.First, r.life.Lost = time.Time{}, 0
	clear(r.hosts)
	clear(r.ways)
	clear(r.left)
	observe.Tell(r.observer, observe.SenderLeft{})
}

// awaitTurn waits until a sender that was told doors.ErrTried, and has been at the door since then, may be heard again; false if it
// has waited too long.
func (r *Receiver) awaitTurn(ctx context.Context, h wire.Hello, since time.Time) bool {
	most := r.time.Hello - time.Since(since)
	r.life.Mu.Lock()
	waits, turn, left := r.tenure.Turn(h, r.time.Yield)
	r.life.Mu.Unlock()
	switch {
	case !waits:
		return true
	case most <= 0:
		return false
	case left <= 0:
		r.turnOut()
		left = most
	}
	stream.SleepUntil(ctx, min(left, most), turn, nil, nil)
	return ctx.Err() == nil
}

// turnOut makes the stream that is being tried yield, if there is one.
func (r *Receiver) turnOut() {
	r.life.Mu.Lock()
	yields := r.tenure.Yield()
	r.life.Mu.Unlock()
	if yields {
		r.turnAllOut(stream.ErrYields)
	}
}

// turnAllOut ends all links of the stream being tried.
func (r *Receiver) turnAllOut(why error) {
	for _, l := range r.loops {
		l.Post(func() {
			for _, k := range slices.Clone(l.Links) {
				k.lose(why)
			}
		})
	}
}
