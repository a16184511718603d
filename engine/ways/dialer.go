package ways

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"

	"viamillipede/engine/internal/chore"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/seal"
	"viamillipede/netio"
)

// Dialer keeps the links of a stream up. Each has a keeper, which dials it, hands it to its loop, and dials again when it is lost.
type Dialer struct {
	Roads
	cfg   Config
	homes []*Path                        // the path of each link, by link index
	have  [stream.MaxThreads]atomic.Bool // links that have a keeper at work
	zones atomic.Bool                    // some link goes to a link-local address
	ctx   context.Context                // ends when no more links are wanted; set by Start before any keeper starts
	wg    sync.WaitGroup                 // keepers, what starts them, and what watches and tells beside them
	asks  sync.WaitGroup                 // lookups under way

	met  chan struct{} // closed once a peer has been met
	meet sync.Once     // closes it

	most    atomic.Int32  // links that the user wants, on all paths together; see wants
	settled chan struct{} // closed when he has said so while links were tried
	choose  sync.Once     // closes it
	tuning  sync.Mutex    // held during a change of a setting
	tunes   chan struct{} // closed at each, then made anew; guarded by tuning

	queued sync.Once // tells the user that it waits for a place

	watched sync.Mutex
	change  chan struct{} // closed when the network changes, then made anew; guarded by watched
}

// Config is what a dialer works with.
type Config struct {
	End       End
	Greeter   Greeter
	Timing    schedule.Timing
	Transport stream.Transport
	Observer  observe.Observer
	Trace     netio.Tracer
	Key       *seal.Key                   // links are sealed with it; nil: they are in the clear
	Auto      bool                        // as many links as raise the rate, instead of all
	Near      func(loop int, dial func()) // calls dial on the CPU of the loop with that index
	Recalls   bool                        // the peer is told of rates and spills by calls
	Fail      func(*stream.Error)         // ends the stream, for a fault in this program
}

// End is the end whose links are dialled. Any goroutine of the dialer may call it.
type End interface {
	// Connected makes a link of a connection on which the peer was met.
	Connected(Contact) Link
	// Answered notes that the peer has answered.
	Answered()
	// Attempted notes what a failed attempt on a path, given by its order, says about the peer.
	Attempted(order int, r schedule.Reply)
	// Resolved places the loops, if that is still to be done, now that a path's name has led to an address.
	Resolved(p *Path, to netip.Addr)
	// Retuned does what has to be done here about another rate or spill of a path.
	Retuned(p *Path)
	// Strand ends the links whose device has gone.
	Strand()
	// Arrived is how many bytes the receiving end has, since the stream began.
	Arrived() uint64
}

// Contact is a connection on which both ends have agreed on a link. It belongs to whoever gets it.
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
		cfg: c, met: make(chan struct{}), change: make(chan struct{}), settled: make(chan struct{}), tunes: make(chan struct{}), Roads: newRoads(c.Observer, len(paths)),
	}
	for i, p := range paths {
		path := NewPath(p, i)
		path.ports.set(p.Sports.List)
		d.paths = append(d.paths, path)
	}
	d.homes = spreadLinks(d.paths, max(links, len(paths)))
	d.most.Store(int32(len(d.homes)))
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
		d.TellHints(d.ctx)
	})
	for i := range d.paths {
		c.start(i)
	}
	d.wg.Go(func() {
		defer d.caught("keepers")
		if d.cfg.Auto {
			until, cancel := d.untilChosen(ctx)
			defer cancel()
			d.trial(until, c)
		} else {
			d.holdBack()
		}
		c.fill()
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
	case <-d.FirstUp():
		chore.Sleep(ctx, schedule.AfterFirst)
	case <-ctx.Done():
	}
}

// Links is how many links there may be.
func (d *Dialer) Links() int { return len(d.homes) }

// Home is the path of a link, given by its index.
func (d *Dialer) Home(link int) *Path { return d.homes[link] }

// State is how a link that is not up stands, given by its index.
func (d *Dialer) State(link int) observe.State {
	switch {
	case !d.Keeps(link) || !d.wants(link):
		return stream.StateNone
	case d.homes[link].Failure() != nil:
		return observe.StateDown
	}
	return observe.StateDialling
}

// Keeps reports whether a link has a keeper at work.
func (d *Dialer) Keeps(link int) bool { return d.have[link].Load() }
