package ways

import (
	"context"
	"time"

	"viamillipede/engine/internal/chore"
	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
)

// Links by trial: a stream begins with one link on each path. Then one more link is tried on each path in turn. It stays if the
// stream becomes faster by schedule.AutoGain, and then more are tried there at once. If not, it is taken away again, and the path is
// left alone for schedule.AutoPause, and twice as long each time.
//
//	measure -> add -> settle -> measure -> faster: keep, and add twice as many
//	                                       else:   drop, and go to the next path

// crew starts and stops keepers.
type crew struct {
	d       *Dialer
	keepers []*keeper
	stop    []chan struct{} // by keeper; nil: it is not at work
	ended   []chan struct{}
}

// crew makes the keeper of each link, none of them at work.
func (d *Dialer) crew(loop func(link int) *loop.Loop) *crew {
	c := &crew{d: d, stop: make([]chan struct{}, len(d.homes)), ended: make([]chan struct{}, len(d.homes))}
	for i, home := range d.homes {
		c.keepers = append(c.keepers, &keeper{
			d: d, index: i, home: home, anchor: i < len(d.paths), place: home.ports.homes, loop: loop(i),
		})
		home.ports.homes++ // nobody dials yet
	}
	return c
}

// start puts a keeper to work.
func (c *crew) start(i int) {
	c.stop[i], c.ended[i] = make(chan struct{}), make(chan struct{})
	k, ended := c.keepers[i], c.ended[i]
	k.quit = c.stop[i]
	c.d.have[i].Store(true)
	c.d.wg.Go(func() {
		defer close(ended)
		defer c.d.caught("keeper")
		k.run(c.d.ctx)
	})
}

// dismiss ends a keeper; its link leaves without loss.
func (c *crew) dismiss(i int) {
	close(c.stop[i])
	c.d.have[i].Store(false)
	c.stop[i] = nil
}

// fill puts all keepers to work, each as soon as its last link has left.
func (c *crew) fill() {
	for i := range c.keepers {
		if c.stop[i] != nil {
			continue
		}
		if c.ended[i] != nil {
			<-c.ended[i]
		}
		c.start(i)
	}
}

// spare returns up to n keepers of the path that are not at work, and whose last link has left.
func (c *crew) spare(p *Path, n int) (some []int) {
	for i, k := range c.keepers {
		if k.home != p || c.stop[i] != nil || len(some) == n {
			continue
		}
		select {
		case <-c.ended[i]:
			some = append(some, i)
		default:
			if c.ended[i] == nil {
				some = append(some, i)
			}
		}
	}
	return some
}

// try is a path and the results of its trials.
type try struct {
	path  *Path
	links int // at work
	step  int // links that the next trial adds
	pause time.Duration
	after time.Time // no trial before then
}

// trial keeps as many links as raise the rate, until ctx ends.
func (d *Dialer) trial(ctx context.Context, c *crew) {
	tries := make([]*try, len(d.paths))
	for i, p := range d.paths {
		tries[i] = &try{path: p, links: 1, step: 1, pause: schedule.AutoPause}
	}
	select {
	case <-d.FirstUp():
	case <-ctx.Done():
		return
	}
	chore.Sleep(ctx, schedule.AutoSettle)
	for at := 0; ctx.Err() == nil; at++ {
		t := tries[at%len(tries)]
		if wait := time.Until(nextTry(tries)); wait > 0 {
			chore.Sleep(ctx, wait)
			continue
		}
		if time.Now().Before(t.after) {
			continue
		}
		for c.better(ctx, t) && ctx.Err() == nil {
		}
	}
}

// nextTry is when the next trial may begin.
func nextTry(tries []*try) time.Time {
	first := tries[0].after
	for _, t := range tries {
		if t.after.Before(first) {
			first = t.after
		}
	}
	return first
}

// better makes one trial and reports whether the links that it added stay.
func (c *crew) better(ctx context.Context, t *try) bool {
	d := c.d
	added := c.spare(t.path, t.step)
	if t.path.Links() == 0 || len(added) == 0 {
		t.postpone()
		return false
	}
	before := d.measureRate(ctx)
	for _, i := range added {
		c.start(i)
	}
	chore.Sleep(ctx, max(schedule.AutoSettle, schedule.AutoTrips*time.Duration(t.path.Trip.Load())))
	now := d.measureRate(ctx)
	if ctx.Err() != nil {
		return false
	}
	tried := observe.ThreadsTried{Path: t.path.String(), Added: len(added), Before: uint64(before), Now: uint64(now), Links: t.links}
	if now > schedule.AutoGain*before {
		t.links += len(added)
		t.step, t.pause = 2*t.step, schedule.AutoPause
		tried.Kept, tried.Links = true, t.links
		observe.Tell(d.cfg.Observer, tried)
		return true
	}
	for _, i := range added {
		c.dismiss(i)
	}
	observe.Tell(d.cfg.Observer, tried)
	t.postpone()
	return false
}

// postpone leaves the path alone for a while.
func (t *try) postpone() {
	t.step = 1
	t.after = time.Now().Add(t.pause)
	t.pause = min(2*t.pause, schedule.AutoPauseMost)
}

// measureRate is how many bytes per second the peer receives, measured over schedule.AutoMeasure.
func (d *Dialer) measureRate(ctx context.Context) float64 {
	begun, from := time.Now(), d.cfg.End.Arrived()
	chore.Sleep(ctx, schedule.AutoMeasure)
	return float64(d.cfg.End.Arrived()-from) / time.Since(begun).Seconds()
}
