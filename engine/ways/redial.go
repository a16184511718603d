package ways

import (
	"context"
	"math/rand/v2"
	"time"

	"viamillipede/engine/internal/chore"
	"viamillipede/engine/schedule"
)

// rest sleeps until the next attempt is due, and keeps how long that is in wait. It reports whether something happened first that
// gives the attempt better prospects.
func (k *keeper) rest(ctx context.Context, wait *time.Duration, a schedule.Attempt, hope <-chan struct{}) (came bool) {
	alone, empty := k.d.emptied(), k.home.emptied()
	if a.Beside = alone != nil; k.anchor && !a.Linked {
		a.Beside = empty != nil
	}
	*wait = k.d.cfg.Timing.Pause(*wait, a, k.anchor)
	d := k.jitter(*wait)
	switch {
	case a.Linked && a.Use != schedule.UseWasted:
		hope, empty, alone = nil, nil, nil // else every link that breaks at once would wake the others
	case a.Linked:
		empty = nil // the path's other links are likely to be lost too
	case !a.Beside:
		d -= a.Took // an attempt that took long was wait enough
	}
	return chore.SleepUntil(ctx, d, hope, empty, alone)
}

// jitter spreads the redials of many links over time.
func (k *keeper) jitter(d time.Duration) time.Duration { return d + rand.N(k.d.cfg.Timing.Spread(d)+1) }

// emptied is closed when the path no longer has a link; nil, which is never closed, if it has none already.
func (p *Path) emptied() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.up == 0 {
		return nil
	}
	return p.empty
}

// Doubt notes that a link of the path had payload, and nothing of it got through.
func (p *Path) Doubt() { p.doubtful.Store(true) }

// Doubted reports whether that is so, and no link has carried anything since.
func (p *Path) Doubted() bool { return p.doubtful.Load() }

// Trust notes that payload has got through on the path.
func (p *Path) Trust() {
	if !p.doubtful.Load() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.doubtful.CompareAndSwap(true, false) && p.up > 0 {
		p.tellBack()
	}
}

// tellBack wakes those who wait for the path. Under mu.
func (p *Path) tellBack() {
	close(p.back)
	p.back = make(chan struct{})
}
