package engine

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// dialer keeps the links of a stream up. Each has a keeper, which dials it, hands it to its loop, and dials again when it is lost.
type dialer struct {
	dialerConfig
	paths []*pathState                   // in the user's order
	homes []*pathState                   // the path of each link, by link index
	have  [stream.MaxThreads]atomic.Bool // links that have a keeper at work
	zones atomic.Bool                    // some link goes to a link-local address
	ctx   context.Context                // ends when no more links are wanted; set by start before any keeper starts
	wg    sync.WaitGroup                 // keepers, and what starts them
	asks  sync.WaitGroup                 // lookups under way

	met     chan struct{} // closed once a receiver has been met
	meet    sync.Once     // closes it
	firstUp chan struct{} // closed when the first link is up
	first   sync.Once     // closes it

	mu     sync.Mutex
	up     int           // links; guarded by mu, as is all below
	change chan struct{} // closed when the network changes, then made anew
	empty  chan struct{} // closed when the last link is lost, then made anew
}

// dialerConfig is what a dialer works with.
type dialerConfig struct {
	end       dialEnd
	timing    schedule.Timing
	transport stream.Transport
	observer  observe.Observer
	trace     netio.Tracer
	auto      bool                        // as many links as raise the rate, instead of all
	near      func(loop int, dial func()) // calls dial on a CPU whose packets the loop with that index is near to
	fail      func(*stream.Error)         // ends the stream, for a fault in this program
}

// dialEnd is the sending end, whose links are dialled. Any goroutine of the dialer may call it.
type dialEnd interface {
	// hello is what a link says first, without its index and generation.
	hello() wire.Hello
	// welcome handles the receiver's answer to it, unless that is a refusal. errOther: this is not the stream's receiver. Any other
	// error says what is wrong with the answer.
	welcome(wire.Welcome) error
	// connected makes a link of a connection on which it was welcomed.
	connected(contact) keptLink
	// answered notes that the receiver has answered.
	answered()
	// attempted notes what a failed attempt on a path, given by its order, says about the receiver.
	attempted(order int, r schedule.Reply)
	// resolved places the loops, if that is still to be done, now that a path's name has led to an address.
	resolved(p *pathState, to netip.Addr)
	// strand ends the links whose device has gone.
	strand()
	// arrived is how many bytes the receiver has, since the stream began.
	arrived() uint64
}

// contact is a connection on which the receiver has welcomed a link. It belongs to whoever gets it.
type contact struct {
	index      int // of the link in its stream, from 0
	generation uint32
	path       *pathState
	conn       stream.Conn
	to         netip.Addr // the address that was dialled
	zoned      netip.Addr // the same, with the zone it has now; only for a link-local one
}

// keptLink is a link that has a keeper.
type keptLink interface {
	// begin puts the link to work; on its loop's thread. When it has ended, it calls lost with how useful it was, there and once.
	begin(lost func(schedule.Use))
	// leave has the link end without loss: once those legs that it has are received; on its loop's thread.
	leave()
	// discard closes the connection of a link that never began.
	discard()
}

// newDialer makes a dialer for so many links over the paths, or fewer if the paths cannot feed that many.
func newDialer(c dialerConfig, paths []stream.Path, links int) *dialer {
	d := &dialer{
		dialerConfig: c, met: make(chan struct{}), firstUp: make(chan struct{}), change: make(chan struct{}), empty: make(chan struct{}),
	}
	for i, p := range paths {
		path := newPath(p, i)
		path.ports.set(p.Sports.List)
		d.paths = append(d.paths, path)
	}
	d.homes = spreadLinks(d.paths, max(links, len(paths)))
	return d
}

// start starts the keepers, the first of each path before the others; loop gives the loop of each link. The end of ctx ends them, and
// wait waits for that.
func (d *dialer) start(ctx context.Context, loop func(link int) *loop.Loop) {
	d.ctx = ctx
	c := d.crew(loop)
	d.wg.Go(func() {
		defer d.caught("network")
		d.watchNetwork()
	})
	for i := range d.paths {
		c.start(i)
	}
	d.wg.Go(func() {
		defer d.caught("keepers")
		if d.auto {
			d.trial(c)
			return
		}
		d.holdBack()
		for i := len(d.paths); i < len(c.keepers); i++ {
			c.start(i)
		}
	})
}

// wait returns once all that start has started has ended.
func (d *dialer) wait() {
	d.wg.Wait()
	d.asks.Wait()
}

// caught is for the dialer's goroutines to defer.
func (d *dialer) caught(where string) {
	if p := recover(); p != nil {
		d.fail(stream.Faulted(where, p, d.observer))
	}
}

// holdBack returns when the keepers other than the first of each path may start.
func (d *dialer) holdBack() {
	ctx, cancel := context.WithTimeout(d.ctx, schedule.Anyhow)
	defer cancel()
	select {
	case <-d.firstUp:
		stream.Sleep(ctx, schedule.AfterFirst)
	case <-ctx.Done():
	}
}

// linkUp counts a link in, and reports whether it is its path's only one.
func (d *dialer) linkUp(p *pathState) (first bool) {
	first = p.linkUp()
	d.mu.Lock()
	d.up++
	d.mu.Unlock()
	d.first.Do(func() { close(d.firstUp) })
	return first
}

// linkDown counts a link out, and reports whether it was its path's last.
func (d *dialer) linkDown(p *pathState) (last bool) {
	last = p.linkDown()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.up--; d.up == 0 {
		close(d.empty)
		d.empty = make(chan struct{})
	}
	return last
}

// emptied is closed when the stream no longer has a link; nil, which is never closed, if it has none already.
func (d *dialer) emptied() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.up == 0 {
		return nil
	}
	return d.empty
}

// links is how many links there may be.
func (d *dialer) links() int { return len(d.homes) }

// home is the path of a link, given by its index.
func (d *dialer) home(link int) *pathState { return d.homes[link] }

// keeps reports whether a link has a keeper at work.
func (d *dialer) keeps(link int) bool { return d.have[link].Load() }

// others reports whether a path other than p has a link.
func (d *dialer) others(p *pathState) bool {
	return slices.ContainsFunc(d.paths, func(q *pathState) bool {
		return q != p && q.links() > 0
	})
}
