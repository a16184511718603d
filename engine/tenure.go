package engine

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"viamillipede/bufpool"
	"viamillipede/engine/observe"
	"viamillipede/engine/ring"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// tenure is whose stream a receiver has. A hello proves nothing, so the stream becomes the receiver's own only when a whole leg is in,
// or the end has come of a stream without legs.
//
//	free -> hello -> tried -> a leg -> owned, for good
//	                 tried -> its last link ended, or it has yielded -> free
//	                 tried -> it says that it has failed -> its links are ended -> free
//
// What would end a stream that is owned only ends the link while the stream is tried: anybody can send it. Two copies of a leg that
// differ are the exception (rxleg.go).
//
// A stream that is tried may wait for its source for as long as nobody else comes. If it has brought no leg for Timing.Yield and
// another sender is at the door, it yields: its links are told so, and its sender dials again like anybody. Meanwhile the other
// sender waits for its welcome.
//
// There is memory for the window of one stream, made for the first and kept for the next. Nothing of a stream that was only tried
// is in the sink or in the ring: what was left of it was in links that are gone.
type tenure struct {
	owned atomic.Bool // set under Receiver.mu

	// Guarded by Receiver.mu.
	links    int           // up, and admitted but not yet up
	since    time.Time     // of the first hello
	latest   wire.StreamID // the last stream tried; its bad legs are remembered until another one is tried
	yielding bool          // its links are on their way out
	quit     *wire.Fault   // why the sender of the stream being tried has failed; nil: it has not
	turn     chan struct{} // closed when the stream is owned, or the receiver is free again; then made anew
}

// errTried is a hello of a sender that may have its turn later.
var errTried = errors.New("another sender is being tried")

// own makes the current stream the receiver's own, if it is not yet: some of it is in. Its links may be on their way out, and come
// back. It is called before the link that brought the leg can have been lost.
func (r *Receiver) own() {
	t := &r.tenure
	if t.owned.Load() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	t.yielding = false
	t.owned.Store(true)
	r.nextTurn()
	if t.quit != nil { // its first leg was on its way on another link
		r.told.Store(true)
		r.finishLocked(remoteError("sender", *t.quit))
	}
}

// quits frees the receiver after its sender has said, on a link from there, that it has failed; false if the stream is already
// the receiver's own.
func (r *Receiver) quits(f wire.Fault, from string) bool {
	r.mu.Lock()
	t := &r.tenure
	owned, again := t.owned.Load(), t.quit != nil
	if !owned && !again {
		t.quit, t.yielding = &f, true
	}
	r.mu.Unlock()
	if owned || again {
		return !owned
	}
	r.doors.senderFailed(from, f.Text)
	r.turnAllOut(errQuit)
	return true
}

// spoils handles what makes an owned stream fail. While the stream is tried, the error only ends its link.
func (r *Receiver) spoils(err *Error) error {
	if !r.tenure.owned.Load() {
		return err
	}
	r.fail(err)
	return nil // the link has to carry the news
}

// nextTurn makes those who wait at the door look again. Under mu.
func (r *Receiver) nextTurn() {
	close(r.tenure.turn)
	r.tenure.turn = make(chan struct{})
}

// linkGone notes that an admitted link is gone. Under mu.
func (r *Receiver) linkGone() {
	t := &r.tenure
	if t.links--; t.links > 0 || t.owned.Load() || r.finished {
		return
	}
	r.met, r.hello, t.yielding, t.quit = false, wire.Hello{}, false, nil
	r.end.Store(nil)
	r.bye.Store(false)
	r.outage.Forget(time.Now())
	r.first, r.lost = time.Time{}, 0
	clear(r.hosts)
	clear(r.ways)
	clear(r.left)
	observe.Tell(r.observer, observe.SenderLeft{})
	r.nextTurn()
}

// tries reports whether a hello has to wait because another sender is being tried. Under mu.
func (r *Receiver) tries(h wire.Hello) bool {
	t := &r.tenure
	return r.met && !t.owned.Load() && (t.yielding || h.Stream != r.hello.Stream)
}

// awaitTurn waits until a sender that was told errTried, and has been at the door since then, may be heard again; false if it
// has waited too long.
func (r *Receiver) awaitTurn(ctx context.Context, h wire.Hello, since time.Time) bool {
	most := r.time.Hello - time.Since(since)
	r.mu.Lock()
	tries, turn, left := r.tries(h), r.tenure.turn, time.Until(r.tenure.since.Add(r.time.Yield))
	r.mu.Unlock()
	switch {
	case !tries:
		return true
	case most <= 0:
		return false
	case left <= 0:
		r.turnOut()
		left = most
	}
	sleepUntil(ctx, min(left, most), turn, nil, nil)
	return ctx.Err() == nil
}

// turnOut makes the stream that is being tried yield, if there is one.
func (r *Receiver) turnOut() {
	r.mu.Lock()
	t := &r.tenure
	idle := r.met && !t.owned.Load() && !t.yielding
	t.yielding = t.yielding || idle
	r.mu.Unlock()
	if !idle {
		return
	}
	r.turnAllOut(errYields)
}

// outWhy is why the links of the stream being tried are on their way out; nil: they are not. Under mu.
func (t *tenure) outWhy() error {
	switch {
	case !t.yielding:
		return nil
	case t.quit != nil:
		return errQuit
	}
	return errYields
}

// turnAllOut ends all links of the stream being tried.
func (r *Receiver) turnAllOut(why error) {
	for _, l := range r.loops {
		l.Post(func() {
			for _, k := range slices.Clone(l.links) {
				k.lose(why)
			}
		})
	}
}

// adopt starts to try the stream of a hello: it makes buffers and a ring for what its sender may send. Under mu.
func (r *Receiver) adopt(h wire.Hello) error {
	links := int(min(max(h.Links, 1), MaxThreads))
	size, buffers := fit(r.cfg.Window, min(int(h.MaxLeg), r.cfg.Leg), links)
	if err := r.makeRoom(size, buffers, links); err != nil {
		return err
	}
	if h.Stream != r.tenure.latest {
		clear(r.bad)
		r.tenure.latest = h.Stream
	}
	r.claims = newClaims(r.credit)
	r.hello, r.met, r.tenure.since = h, true, time.Now()
	r.sums = h.Features&wire.FeatureChecksum != 0
	if r.cfg.Checksum && !r.sums {
		observe.Tell(r.observer, observe.ChecksumMissing{})
	}
	r.out.size = int64(h.Size)
	observe.Tell(r.observer, observe.SenderMet{
		Stream: h.Stream, Links: links, Leg: int64(size), Credit: uint64(r.credit), Memory: r.advice, Pages: r.pool.Warm(),
	})
	return nil
}

// makeRoom gets memory for the window, unless the memory of a stream tried before fits. Under mu.
func (r *Receiver) makeRoom(size, buffers, links int) error {
	if r.pool != nil && int(r.most) == size && len(r.legs) == buffers && r.credit == buffers-links {
		return nil
	}
	if r.pool != nil {
		closePool(r.pool, r.advice, r.observer)
		r.pool = nil
	}
	pool, err := bufpool.New(bufpool.Config{Shards: len(r.loops), Nodes: r.placed.Load().nodes(), Buffers: buffers, Size: size})
	if err != nil {
		return err
	}
	// A link may be in the middle of a leg that another link has already brought. So the peer's credit leaves a buffer for each
	// link, and whatever the peer sends within the credit finds room.
	r.pool, r.advice, r.credit, r.most = pool, pool.Advice(), buffers-links, uint32(size)
	r.ackEvery = min(schedule.AckEvery, r.credit*size/8) / len(r.loops) // what all loops together owe is bounded
	r.legs = make([]rxleg, buffers)
	r.ring, r.legsIn, r.out.legs = ring.New[rxleg](r.credit, 0)
	return nil
}
