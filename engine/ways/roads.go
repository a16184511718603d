package ways

import (
	"slices"
	"sync"

	"viamillipede/engine/observe"
)

// Roads are the paths of a stream, and what is known of the links on them, whichever end dials.
type Roads struct {
	observer observe.Observer
	hints    chan hint     // not yet told; one of each path, at most
	firstUp  chan struct{} // closed when the first link is up
	first    sync.Once     // closes it

	mu    sync.Mutex
	paths []*Path       // in the user's order; guarded by mu, as is all below. A dialer's do not change
	up    int           // links
	empty chan struct{} // closed when the last link is lost, then made anew
}

// newRoads makes roads for so many paths, which the caller adds.
func newRoads(to observe.Observer, paths int) Roads {
	return Roads{observer: to, hints: make(chan hint, paths), firstUp: make(chan struct{}), empty: make(chan struct{})}
}

// LinkUp counts a link in, and reports whether it is its path's only one.
func (r *Roads) LinkUp(p *Path) (first bool) {
	first = p.linkUp()
	r.mu.Lock()
	r.up++
	r.mu.Unlock()
	r.first.Do(func() { close(r.firstUp) })
	return first
}

// LinkDown counts a link out, and reports whether it was its path's last.
func (r *Roads) LinkDown(p *Path) (last bool) {
	last = p.linkDown()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.up--; r.up == 0 {
		close(r.empty)
		r.empty = make(chan struct{})
	}
	return last
}

// emptied is closed when the stream no longer has a link; nil, which is never closed, if it has none already.
func (r *Roads) emptied() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.up == 0 {
		return nil
	}
	return r.empty
}

// FirstUp is closed when the first link is up.
func (r *Roads) FirstUp() <-chan struct{} { return r.firstUp }

// Paths are the paths, in the user's order. They belong to the roads; so does the slice.
func (r *Roads) Paths() []*Path {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.paths
}

// Working names the paths that have a link.
func (r *Roads) Working() (names []string) {
	for _, p := range r.Paths() {
		if p.Links() > 0 {
			names = append(names, p.String())
		}
	}
	return names
}

// Others reports whether a path other than p has a link.
func (r *Roads) Others(p *Path) bool {
	return slices.ContainsFunc(r.Paths(), func(q *Path) bool {
		return q != p && q.Links() > 0
	})
}
