package ways

import (
	"context"
	"sync"
	"time"

	"viamillipede/engine/loop"
	"viamillipede/engine/schedule"
)

// keeper keeps one link up: it dials the link, hands it to its loop, and dials again when it is lost. The first keeper of a path
// knows no other path, so that the path is used again soon after it comes back. The others serve as guests on another path while
// theirs is down, and go home when it is up.
//
// Between two attempts it sleeps, longer each time, but no longer than until something gives it hope.
type keeper struct {
	d          *Dialer
	index      int
	home       *Path
	anchor     bool // first of its path
	place      int  // among the links of its path, from 0
	loop       *loop.Loop
	generation uint32
	overtaken  int   // attempts in a row that a change of the network has overtaken
	told       terms // of its path, that the peer knows

	quit <-chan struct{} // closed when the link is not wanted any more; nil if it always is wanted
}

// run is the keeper's goroutine; it ends with ctx.
func (k *keeper) run(ctx context.Context) {
	wanted, cancel := context.WithCancel(ctx)
	defer cancel()
	quit := k.quit
	k.d.wg.Go(func() {
		select {
		case <-quit:
			cancel()
		case <-wanted.Done():
		}
	})
	wait := time.Duration(0) // the last pause
	for wanted.Err() == nil {
		if k.rests(wanted) {
			wait = 0
			continue
		}
		k.told = k.home.terms()
		hope, begun := k.hope(), time.Now()
		link, err := k.connect(wanted, hope)
		k.overtook(err)
		how := schedule.Attempt{Took: time.Since(begun)}
		if err == nil {
			how = k.serve(ctx, link)
			link.on.ports.release(k.index)
		}
		if how.Linked || hope == nil {
			hope = k.hope() // the old one may have been closed long ago
		}
		if k.rest(wanted, &wait, how, hope) {
			wait = 0
		}
	}
}

// hope is closed when a new attempt has better prospects than one under way. For the first keeper of a path that is when the
// network has changed; for the others, which follow it, when the path comes back. So a storm of changes does not start a storm of
// attempts on every link.
func (k *keeper) hope() <-chan struct{} {
	if k.anchor {
		return k.d.nextChange()
	}
	return k.home.recovery()
}

// connect tries the keeper's own path, then, for a guest, the others that have a link up.
func (k *keeper) connect(ctx context.Context, hope <-chan struct{}) (*served, error) {
	link, err := k.dial(ctx, k.home, hope)
	if err == nil || k.anchor {
		return link, err
	}
	if k.home.Links() > 0 {
		return nil, err
	}
	paths := k.d.paths
	for i := 1; i < len(paths); i++ {
		p := paths[(k.home.Order+i)%len(paths)]
		if up := p.Links(); p.Off() || up == 0 || up >= p.mostLinks() {
			continue
		}
		if link, err := k.dial(ctx, p, hope); err == nil {
			return link, nil
		}
	}
	return nil, err
}

// serve hands the link to its loop and waits until it is lost, or has left: a guest leaves when its own path is back, and any
// link when its keeper is dismissed or its user wants it no more. It reports how useful the link was.
func (k *keeper) serve(ctx context.Context, link *served) schedule.Attempt {
	begun, none := time.Now(), schedule.Attempt{Linked: true}
	lost := make(chan schedule.Use, 1)
	if !k.loop.Post(func() { link.Begin(func(use schedule.Use) { lost <- use }) }) {
		link.Discard()
		return none
	}
	home := k.home.returned()
	if link.on == k.home {
		home = nil
	}
	quit, news := k.quit, k.d.tuned()
	leave := sync.OnceFunc(func() { k.loop.Post(link.Leave) })
	for {
		if !k.stays(link) {
			leave()
		}
		select {
		case use := <-lost:
			return schedule.Attempt{Linked: true, Use: use, Took: time.Since(begun)}
		case <-quit:
			quit = nil
			leave()
		case <-news:
			news = k.d.tuned()
		case <-k.loop.Done():
			return none
		case <-ctx.Done():
			return none // the loop closes what it has
		case <-home:
			home = nil
			leave()
		}
	}
}
