package ways

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

// Dialer keeps the links of a stream up. Each has a keeper, which dials it, hands it to its loop, and dials again when it is lost.
type Dialer struct {
	cfg   Config
	paths []*Path                        // in the user's order
	homes []*Path                        // the path of each link, by link index
	have  [stream.MaxThreads]atomic.Bool // links that have a keeper at work
	zones atomic.Bool                    // some link goes to a link-local address
	ctx   context.Context                // ends when no more links are wanted; set by Start before any keeper starts
	wg    sync.WaitGroup                 // keepers, what starts them, and what watches and tells beside them
	asks  sync.WaitGroup                 // lookups under way
	hints chan hint                      // not yet told; one of each path, at most

	met     chan struct{} // closed once a receiver has been met
	meet    sync.Once     // closes it
	firstUp chan struct{} // closed when the first link is up
	first   sync.Once     // closes it

	mu     sync.Mutex
	up     int           // links; guarded by mu, as is all below
	change chan struct{} // closed when the network changes, then made anew
	empty  chan struct{} // closed when the last link is lost, then made anew
}

// Config is what a dialer works with.
type Config struct {
	End       End
	Timing    schedule.Timing
	Transport stream.Transport
	Observer  observe.Observer
	Trace     netio.Tracer
	Auto      bool                        // as many links as raise the rate, instead of all
	Near      func(loop int, dial func()) // calls dial on the CPU of the loop with that index
	Fail      func(*stream.Error)         // ends the stream, for a fault in this program
}

// End is the sending end, whose links are dialled. Any goroutine of the dialer may call it.
type End interface {
	// Hello is what a link says first, without its index and generation.
	Hello() wire.Hello
	// Welcome handles the receiver's answer to it, unless that is a refusal. ErrOther: this is not the stream's receiver. Any other
	// error says what is wrong with the answer.
	Welcome(wire.Welcome) error
	// Connected makes a link of a connection on which it was welcomed.
	Connected(Contact) Link
	// Answered notes that the receiver has answered.
	Answered()
	// Attempted notes what a failed attempt on a path, given by its order, says about the receiver.
	Attempted(order int, r schedule.Reply)
	// Resolved places the loops, if that is still to be done, now that a path's name has led to an address.
	Resolved(p *Path, to netip.Addr)
	// Strand ends the links whose device has gone.
	Strand()
	// Arrived is how many bytes the receiver has, since the stream began.
	Arrived() uint64
}

// Contact is a connection on which the receiver has welcomed a link. It belongs to whoever gets it.
type Contact struct {
	Index      int // of the link in its stream, from 0
	Generation uint32
	Path       *Path
	Conn       stream.Conn
	To         netip.Addr // the address that was dialled
	Zoned      netip.Addr // the same, with the zone it has now; only for a link-local one
}

// Link is a link that has a keeper.
type Link interface {
	// Begin puts the link to work; on its loop's thread. When it has ended, it calls lost with how useful it was, there and once.
	Begin(lost func(schedule.Use))
	// Leave has the link end without loss: once those legs that it has are received; on its loop's thread.
	Leave()
	// Discard closes the connection of a link that never began.
	Discard()
}

// New makes a dialer for so many links over the paths, or fewer if the paths cannot feed that many.
func New(c Config, paths []stream.Path, links int) *Dialer {
	d := &Dialer{
		cfg: c, met: make(chan struct{}), firstUp: make(chan struct{}), change: make(chan struct{}), empty: make(chan struct{}),
		hints: make(chan hint, len(paths)),
	}
	for i, p := range paths {
		path := NewPath(p, i)
		path.ports.set(p.Sports.List)
		d.paths = append(d.paths, path)
	}
	d.homes = spreadLinks(d.paths, max(links, len(paths)))
	return d
}

// Start starts the keepers, the first of each path before the others; loop gives the loop of each link. The end of ctx ends them, and
// Wait waits for that.
func (d *Dialer) Start(ctx context.Context, loop func(link int) *loop.Loop) {
	d.ctx = ctx
	c := d.crew(loop)
	d.wg.Go(func() {
		defer d.caught("network")
		d.watchNetwork()
	})
	d.wg.Go(func() {
		defer d.caught("hint")
		d.tellHints()
	})
	for i := range d.paths {
		c.start(i)
	}
	d.wg.Go(func() {
		defer d.caught("keepers")
		if d.cfg.Auto {
			d.trial(c)
			return
		}
		d.holdBack()
		for i := len(d.paths); i < len(c.keepers); i++ {
			c.start(i)
		}
	})
}

// Wait returns once all that Start has started has ended.
func (d *Dialer) Wait() {
	d.wg.Wait()
	d.asks.Wait()
}

// caught is for the dialer's goroutines to defer.
func (d *Dialer) caught(where string) {
	if p := recover(); p != nil {
		d.cfg.Fail(stream.Faulted(where, p, d.cfg.Observer))
	}
}

// holdBack returns when the keepers other than the first of each path may start.
func (d *Dialer) holdBack() {
	ctx, cancel := context.WithTimeout(d.ctx, schedule.Anyhow)
	defer cancel()
	select {
	case <-d.firstUp:
		stream.Sleep(ctx, schedule.AfterFirst)
	case <-ctx.Done():
	}
}

// LinkUp counts a link in, and reports whether it is its path's only one.
func (d *Dialer) LinkUp(p *Path) (first bool) {
	first = p.linkUp()
	d.mu.Lock()
	d.up++
	d.mu.Unlock()
	d.first.Do(func() { close(d.firstUp) })
	return first
}

// LinkDown counts a link out, and reports whether it was its path's last.
func (d *Dialer) LinkDown(p *Path) (last bool) {
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
func (d *Dialer) emptied() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.up == 0 {
		return nil
	}
	return d.empty
}

// FirstUp is closed when the first link is up.
func (d *Dialer) FirstUp() <-chan struct{} { return d.firstUp }

// Paths are the paths, in the user's order. They belong to the dialer; so does the slice.
func (d *Dialer) Paths() []*Path { return d.paths }

// Links is how many links there may be.
func (d *Dialer) Links() int { return len(d.homes) }

// Home is the path of a link, given by its index.
func (d *Dialer) Home(link int) *Path { return d.homes[link] }

// Keeps reports whether a link has a keeper at work.
func (d *Dialer) Keeps(link int) bool { return d.have[link].Load() }

// Others reports whether a path other than p has a link.
func (d *Dialer) Others(p *Path) bool {
	return slices.ContainsFunc(d.paths, func(q *Path) bool {
		return q != p && q.Links() > 0
	})
}
