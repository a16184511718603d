package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"viamillipede/bufpool"
	"viamillipede/engine/ring"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// tenure is whose stream a receiver has. A hello proves nothing, so the stream is a receiver's own only when a leg is in, or a part
// of one that has gone straight to the sink, or the end, where there is no leg.
//
//	free -> hello -> tried -> a leg -> owned, for good
//	                 tried -> its last link ended, or it has yielded -> free
//	                 tried -> it says that it has failed -> its links are ended -> free
//
// What would end a stream that is owned ends no more than its link where the stream is tried: anybody can say it.
//
// A stream that is tried may wait for its source for as long as nobody else comes. When it has brought no leg for Timing.Yield and
// another sender is at the door, it yields: its links are told so, and its sender dials again like anybody. Meanwhile that
// other sender waits for its welcome.
//
// There is memory for the window of one stream, made for the first and kept for the next. Nothing of a stream that was tried is in
// the sink or in the ring: what was left of it is in links that are gone.
type tenure struct {
	owned atomic.Bool // set under Receiver.mu

	// Guarded by Receiver.mu.
	links    int           // up, and admitted links that are on their way to be
	since    time.Time     // of the first hello
	latest   wire.StreamID // that was tried; its bad legs are remembered until another one is
	yielding bool          // its links are on their way out
	quit     *wire.Fault   // why the sender of the stream that is tried has failed; nil: it has not
	turn     chan struct{} // closed when the stream is owned, or the receiver is free again; then made anew
}

// errTried is a hello of a sender that may have its turn later.
var errTried = errors.New("another sender is being tried")

// own makes the stream at hand the receiver's own, if it is not yet: some of it is in. Its links may be on their way out, and come
// back. It is called while the link has not been lost that brought it.
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

// quits has the receiver be free again whose sender, on a link from there, says that it has failed; false where the stream is the
// receiver's own.
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
	if r.strangers.first(siteOf(from), fmt.Errorf("gave up before its first leg: %s", f.Text), time.Now()) {
		tell(r.observer, SenderFailed{From: from, Reason: f.Text})
	}
	r.turnAllOut(errQuit)
	return true
}

// spoils takes in what makes a stream that is the receiver's own fail. Where it is tried, the error is its link's.
func (r *Receiver) spoils(err *Error) error {
	if !r.tenure.owned.Load() {
		return err
	}
	r.fail(err)
	return nil // the link is to carry the word of it
}

// nextTurn has those look again who wait at the door. Under mu.
func (r *Receiver) nextTurn() {
	close(r.tenure.turn)
	r.tenure.turn = make(chan struct{})
}

// linkGone takes in that a link is no more that was admitted. Under mu.
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
	tell(r.observer, SenderLeft{})
	r.nextTurn()
}

// tries reports whether a hello has to wait for another sender's, which is being tried. Under mu.
func (r *Receiver) tries(h wire.Hello) bool {
	t := &r.tenure
	return r.met && !t.owned.Load() && (t.yielding || h.Stream != r.hello.Stream)
}

// awaitTurn waits until a sender that was told errTried at its door since then may be heard again; false when it has waited for
// too long.
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

// turnOut has the stream yield that is tried, if one is.
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

// outWhy is why the links of the stream that is tried are on their way out; nil: they are not. Under mu.
func (t *tenure) outWhy() error {
	switch {
	case !t.yielding:
		return nil
	case t.quit != nil:
		return errQuit
	}
	return errYields
}

// turnAllOut ends all links of the stream that is tried.
func (r *Receiver) turnAllOut(why error) {
	for _, l := range r.loops {
		l.Post(func() {
			for _, k := range slices.Clone(l.links) {
				k.lose(why)
			}
		})
	}
}

// adopt has the stream of a hello tried: buffers and ring for what it may send. Under mu.
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
		tell(r.observer, ChecksumMissing{})
	}
	r.out.size = int64(h.Size)
	tell(r.observer, SenderMet{
		Stream: h.Stream, Links: links, Leg: int64(size), Credit: uint64(r.credit), Memory: r.advice, Pages: r.pool.Warm(),
	})
	return nil
}

// makeRoom gets memory for the window, unless that of a stream that was tried before does. Under mu.
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
	// A link may be in the middle of a leg that another link has brought already; so the peer's credit leaves a buffer
	// for each link, and whatever it sends within the credit can be taken in.
	r.pool, r.advice, r.credit, r.most = pool, pool.Advice(), buffers-links, uint32(size)
	r.ackEvery = min(schedule.AckEvery, r.credit*size/8) / len(r.loops) // what all loops together owe is bounded
	r.legs = make([]rxleg, buffers)
	r.ring, r.legsIn, r.out.legs = ring.New[rxleg](r.credit, 0)
	return nil
}
