package ways

import (
	"cmp"
	"context"
	"time"

	"viamillipede/engine/schedule"
	"viamillipede/engine/tune"
)

// What the user changes while the links are kept up. The settings are each path's, and atomic; a change is news to all keepers, each of
// which then looks whether its link is wanted, and by which path. One whose link is not wanted has it leave, and rests until there is news.

// tuned is closed at the next change, or has been since the caller last looked at the settings.
func (d *Dialer) tuned() <-chan struct{} {
	d.tuning.Lock()
	defer d.tuning.Unlock()
	return d.tunes
}

// tune makes a change, one at a time, and tells the keepers.
func (d *Dialer) tune(change func()) {
	d.tuning.Lock()
	defer d.tuning.Unlock()
	change()
	close(d.tunes)
	d.tunes = make(chan struct{})
}

// wants reports whether the link with that index should be there: its path is on and can feed it, and it is among the first so many of
// those of which that is true.
func (d *Dialer) wants(link int) bool {
	before := 0
	for i, p := range d.homes[:link+1] {
		if p.Off() || p.ordinal(d.homes[:i]) >= p.mostLinks() {
			if i == link {
				return false
			}
			continue
		}
		before++
	}
	return before <= max(int(d.most.Load()), d.pathsOn())
}

// ordinal is how many of the homes are the path.
func (p *Path) ordinal(homes []*Path) (n int) {
	for _, h := range homes {
		if h == p {
			n++
		}
	}
	return n
}

func (d *Dialer) pathsOn() (on int) {
	for _, p := range d.paths {
		if !p.Off() {
			on++
		}
	}
	return on
}

// rests waits for news if the keeper's link is not wanted, and reports whether it did.
func (k *keeper) rests(ctx context.Context) bool {
	news := k.d.tuned()
	if k.d.wants(k.index) {
		return false
	}
	select {
	case <-news:
	case <-ctx.Done():
	}
	return true
}

// stays reports whether a link may stay on its path. The first of a path leaves, and calls again, where its peer has to be told of the terms.
func (k *keeper) stays(link *served) bool {
	now := k.home.terms()
	recalls := k.d.cfg.Recalls && k.anchor && now != k.told
	k.told = now
	return !link.on.Off() && k.d.wants(k.index) && !recalls
}

// terms are those settings of a path that the end which listens has to know.
type terms struct {
	rate  uint64
	spill time.Duration
}

func (p *Path) terms() terms { return terms{p.rate.Load(), time.Duration(p.spill.Load())} }

// Off reports whether the user wants no links by the path.
func (p *Path) Off() bool { return p.off.Load() }

// Settings is part of tune.Roads, as is all below.
func (d *Dialer) Settings() (all []tune.PathSettings) {
	for _, p := range d.paths {
		all = append(all, tune.PathSettings{Name: p.String(), Rate: p.rate.Load(), Spill: p.Spilled(), On: !p.Off()})
	}
	return all
}

// Spilled is the path's spill.
func (p *Path) Spilled() time.Duration {
	return cmp.Or(time.Duration(p.spill.Load()), schedule.DefaultSpill)
}

// Wanted is how many links there should be, if there are paths for them; 0: as many as raise the rate.
func (d *Dialer) Wanted() int {
	select {
	case <-d.settled:
	default:
		if d.cfg.Auto {
			return 0
		}
	}
	return int(d.most.Load())
}

// SetLinks implements tune.Roads. A trial of how many raise the rate ends.
func (d *Dialer) SetLinks(n int) (was int, err error) {
	if n < 1 || n > len(d.homes) {
		return 0, tune.TooMany{Most: len(d.homes)}
	}
	d.tune(func() {
		was = d.Wanted()
		d.most.Store(int32(n))
		d.choose.Do(func() { close(d.settled) })
	})
	return was, nil
}

// SetRate implements tune.Roads.
func (d *Dialer) SetRate(path int, rate uint64) (was uint64, err error) {
	p, err := d.pathAt(path)
	if err != nil {
		return 0, err
	}
	d.tune(func() { was = p.rate.Swap(rate) })
	d.cfg.End.Retuned(p)
	return was, nil
}

// SetSpill implements tune.Roads.
func (d *Dialer) SetSpill(path int, spill time.Duration) (was time.Duration, err error) {
	p, err := d.pathAt(path)
	if err != nil {
		return 0, err
	}
	was = p.Spilled()
	d.tune(func() { p.spill.Store(int64(spill)) })
	d.cfg.End.Retuned(p)
	return was, nil
}

// SetOn implements tune.Roads.
func (d *Dialer) SetOn(path int, on bool) (was bool, err error) {
	p, err := d.pathAt(path)
	if err != nil {
		return false, err
	}
	d.tune(func() {
		if was = !p.Off(); was && !on && d.pathsOn() == 1 {
			err = tune.ErrLastPath
			return
		}
		p.off.Store(!on)
	})
	if err == nil && !on {
		d.cfg.End.Attempted(path, schedule.ReplyNone) // whatever it last showed, it does not speak for the peer any more
	}
	return was, err
}

func (d *Dialer) pathAt(order int) (*Path, error) {
	if order < 0 || order >= len(d.paths) {
		return nil, tune.ErrNoPath
	}
	return d.paths[order], nil
}

// untilChosen is a context that ends with ctx, or when the user has chosen how many links there are.
func (d *Dialer) untilChosen(ctx context.Context) (context.Context, context.CancelFunc) {
	until, cancel := context.WithCancel(ctx)
	d.wg.Go(func() {
		select {
		case <-d.settled:
			cancel()
		case <-until.Done():
		}
	})
	return until, cancel
}
