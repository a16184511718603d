// Package house is an end that listens and stays: it serves many peers at one port, so many at a time, each with an end of its own.
//
//	house.go   it opens its doors, lets peers in, and takes no more
//	room.go    a peer has a room: the ends made for it are found there, as at doors of their own
//	places.go  whom a guest is for: its peer has a room, gets one, or waits for its turn
//	queue.go   who waits, in the order in which they came, and who was here
//
// A peer is named by the id of its stream. Where there are pairs of streams, one in each direction, it is named by the id of its receiver,
// which is the beginning of the id of its stream (Pairs, in the page on the wire).
//
// The lock of a house comes before those of tenants, and is held while none of an end is taken.
package house

import (
	"context"
	"slices"
	"sync"
	"time"

	"viamillipede/engine/doors"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
)

// House serves many peers. Its methods may be called from any goroutine.
type House struct {
	cfg   Config
	doors *doors.Doors
	news  chan struct{} // makes Run look now
	stays sync.WaitGroup

	mu      sync.Mutex
	rooms   map[peer]*Room // guarded by mu, as is all below
	count   int            // of rooms, ever
	queue   queue
	past    past
	turn    chan struct{} // closed when a place has become free, or somebody who waited has left; then made anew
	closing bool          // nobody new gets a room
	failed  *stream.Error // a fault in the program: all ends; nil: none
	streams context.Context
}

// Config is what a house has to know.
type Config struct {
	stream.Setup
	Port     uint16
	Most     int  // peers at the same time, 1 or more
	Receives bool // peers send
	Sends    bool // peers receive; with Receives, each does both: its streams are a pair
	Observer observe.Observer
	// Open makes the ends for a peer that has come: a receiver, a sender, or both, with the room as their entrance.
	// run runs them, and returns when they have ended and everything is released; it is called once, with a context that ends early
	// when the house does, or the peer has left before its stream began. An error is for the user; the peer may come again.
	Open func(r *Room) (run func(ctx context.Context), err error)
}

// pairs reports whether each peer has two streams.
func (c *Config) pairs() bool { return c.Receives && c.Sends }

// New checks the configuration and listens; nobody is let in before Run. Errors are of type *stream.Error.
func New(c Config) (*House, error) {
	c.Setup = c.WithDefaults(0)
	h := &House{cfg: c, news: make(chan struct{}, 1), rooms: make(map[peer]*Room), turn: make(chan struct{})}
	seats, guests := c.Most*stream.MaxThreads+stream.GuestsMost, c.Most*stream.DefaultThreads+stream.GuestsMost
	if files := c.Means.Files * c.Most; files > 0 {
		seats = min(seats, files)
	}
	var err error
	h.doors, err = doors.Open(doors.Config{
		Port: c.Port, Bind: c.Bind, Listeners: 1, Seats: seats, Guests: guests, House: h, Phrase: c.Phrase, Time: c.Timing,
		Network: c.Transport, Key: c.Key, Observer: c.Observer,
	})
	if err != nil {
		return nil, stream.Fail(stream.StatusConnect, err, "cannot listen on port %d", c.Port)
	}
	return h, nil
}

// Close is for a house that will not Run.
func (h *House) Close() { h.doors.Close() }

// Run lets peers in. It returns nil when the house takes no more and the streams of all have ended, however they did. It ends them when ctx
// ends, and then returns the cause, if that is an *stream.Error.
func (h *House) Run(ctx context.Context) error {
	streams, end := context.WithCancelCause(ctx)
	defer end(nil)
	h.mu.Lock()
	h.streams = streams
	h.mu.Unlock()
	standing, shut := context.WithCancel(context.Background())
	var door sync.WaitGroup
	door.Go(func() { h.doors.Keep(standing) })
	observe.Tell(h.cfg.Observer, observe.Keeping{Addr: h.doors.Addr(), Most: h.cfg.Most, Window: h.cfg.Window, Ends: h.ends()})
	err := h.serve(ctx)
	if err != nil {
		end(err)
	}
	h.stays.Wait()
	shut()
	door.Wait()
	return err
}

// ends is how many ends there are for a peer.
func (h *House) ends() int {
	if h.cfg.pairs() {
		return 2
	}
	return 1
}

// serve looks after the house until nobody is to get a room any more.
func (h *House) serve(ctx context.Context) error {
	ticker := time.NewTicker(h.cfg.Timing.Tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			h.close()
			return stream.Stopped(ctx)
		case <-h.news:
		case <-ticker.C:
		}
		now := time.Now()
		h.doors.Report(now)
		h.look(now)
		if over, err := h.over(); over {
			return err
		}
	}
}

// over reports whether all have left and nobody else is to come, or the house has failed.
func (h *House) over() (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failed != nil {
		h.closing = true
		return true, h.failed
	}
	return h.closing && len(h.rooms) == 0, nil
}

// Drain makes the house take no more streams: those that are there go on, and whoever waits goes on waiting, perhaps for another process at
// this port. So does a peer of which nothing has come for Timing.Yield: anybody can have a link.
func (h *House) Drain() {
	streams := h.close()
	observe.Tell(h.cfg.Observer, observe.Draining{Streams: streams})
}

// close lets nobody new have a room, and returns how many there are.
func (h *House) close() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closing = true
	h.nextTurn()
	h.rouse()
	return len(h.rooms)
}

// rouse makes Run look now.
func (h *House) rouse() {
	select {
	case h.news <- struct{}{}:
	default:
	}
}

// Fail implements doors.House: it ends all streams.
func (h *House) Fail(err *stream.Error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failed == nil {
		h.failed = err
	}
	h.rouse()
}

// look turns out those who keep a place and have no use for it, and forgets those who do not wait any more.
func (h *House) look(now time.Time) {
	h.mu.Lock()
	if h.queue.expire(now, 2*h.cfg.Timing.Yield) {
		h.nextTurn()
	}
	var idle []*Room
	for _, r := range h.rooms {
		if why := r.hopeless(now); why != nil {
			r.leave(why)
		} else if r.dawdles(now) {
			idle = append(idle, r)
		}
	}
	slices.SortFunc(idle, func(a, b *Room) int { return a.number - b.number })
	if !h.closing { // then they keep the house, not a place, and all have to go
		idle = idle[:min(len(idle), len(h.queue))]
	}
	for _, r := range idle {
		r.turned = true
	}
	h.mu.Unlock()
	for _, r := range idle {
		r.TurnOut()
	}
}
