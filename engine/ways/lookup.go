package ways

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
)

// directory is what is known about the addresses of a path's host. Its zero value knows nothing yet.
type directory struct {
	mu     sync.Mutex
	kept   []netip.Addr // of the last lookup that succeeded; guarded by mu, as is all below
	asking *inquiry     // under way, for everyone who dials; nil: none
	told   bool         // the user knows that kept is used because the name is not resolved
}

// inquiry is one lookup. What it found may be read once done is closed.
type inquiry struct {
	begun time.Time
	done  chan struct{}
	all   []netip.Addr
	err   error
}

// errSlowName is why there is no address: the lookup has not answered yet.
var errSlowName = errors.New("the name is not resolved yet")

// lookUp returns the addresses of a path's host, at least one, or an error. Each dial asks anew, so that a name that moves is
// followed; if the lookup fails or is slow, the addresses found last are used.
func (d *Dialer) lookUp(ctx context.Context, p *Path) ([]netip.Addr, error) {
	q, kept := d.ask(p)
	var late <-chan time.Time
	if len(kept) > 0 {
		t := time.NewTimer(schedule.LookupPatience - time.Since(q.begun))
		defer t.Stop()
		late = t.C
	}
	err := errSlowName
	select {
	case <-q.done:
		err = q.err
	case <-late:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err == nil {
		return q.all, nil
	}
	if len(kept) == 0 {
		return nil, err
	}
	if p.names.stale() {
		observe.Tell(d.cfg.Observer, observe.NameKept{Path: p.String(), Err: stream.Cause(err)})
	}
	return kept, nil
}

// ask returns the lookup that is under way, or begins one, and what the last one found.
func (d *Dialer) ask(p *Path) (q *inquiry, kept []netip.Addr) {
	names := &p.names
	names.mu.Lock()
	defer names.mu.Unlock()
	if names.asking == nil {
		q := &inquiry{begun: time.Now(), done: make(chan struct{})}
		names.asking = q
		d.asks.Go(func() {
			ctx, cancel := context.WithTimeout(d.ctx, schedule.LookupMost)
			defer cancel()
			defer close(q.done)
			defer names.answered(q)
			defer d.caught("lookup")
			q.err = stream.ErrFault
			q.all, q.err = d.cfg.Transport.Resolve(ctx, p.Path)
		})
	}
	return names.asking, names.kept
}

// answered records what a lookup found.
func (d *directory) answered(q *inquiry) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asking = nil
	if q.err == nil {
		d.kept, d.told = q.all, false
	}
}

// unknown reports whether the first lookup is still under way.
func (d *directory) unknown() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asking != nil && len(d.kept) == 0
}

// stale reports whether to tell the user that the name is not resolved: once, until it is again.
func (d *directory) stale() (news bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	news, d.told = !d.told, true
	return news
}
