package ways

import (
	"fmt"
	"sync"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/wire"
)

// Called are the paths of a stream at the end that listens: what the peer's calls have told of them, in the order that its user wants.
type Called struct {
	Roads

	mu    sync.Mutex
	links int                      // planned by the peer; guarded by mu, as is all below
	homes [stream.MaxThreads]*Path // the path by which each link last came; nil: it never did
}

// NewCalled makes the paths of a peer that has not called yet: there are none.
func NewCalled(to observe.Observer) *Called {
	return &Called{Roads: newRoads(to, stream.MaxThreads)}
}

// Begin makes the paths of a peer that has called for the first time, all of them unknown, and reports whether they are not those that
// there were. There must be no link.
func (c *Called) Begin(call wire.Call) (fresh bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.links, c.homes = int(call.Links), [stream.MaxThreads]*Path{}
	if len(c.Paths()) == int(call.Paths) {
		return false
	}
	paths := make([]*Path, call.Paths)
	for i := range paths {
		paths[i] = NewPath(stream.Path{}, i)
		paths[i].told.Store(&told{name: fmt.Sprintf("path %d", i+1)})
	}
	c.Roads.mu.Lock()
	c.paths = paths
	c.Roads.mu.Unlock()
	return true
}

// Learn notes what a call, of a peer for which Begin was called, tells of its path, and from which address it came. repaced: the path has
// another limit than before.
func (c *Called) Learn(call wire.Call, from string) (p *Path, repaced bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p = c.Paths()[call.Path]
	repaced = p.Limit() != call.Rate
	p.told.Store(&told{name: fmt.Sprintf("path %d from %s", call.Path+1, from), rate: call.Rate})
	c.homes[call.Link] = p
	return p, repaced
}

// Links is how many links the peer plans; 0: it has not called.
func (c *Called) Links() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.links
}

// Home is the path by which a link, given by its index, last came; nil: it never did.
func (c *Called) Home(link int) *Path {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.homes[link]
}

// State is how a link that is not up stands, given by its index.
func (c *Called) State(link int) observe.State {
	if c.Home(link) == nil {
		return stream.StateNone
	}
	return observe.StateDown
}

// Answers are none: nobody is asked.
func (c *Called) Answers() Answers { return nil }
