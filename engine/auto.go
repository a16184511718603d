package engine

import (
	"context"
	"sync"
	"time"

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
	ctx     context.Context
	keepers []*keeper
	wg      *sync.WaitGroup
	stop    []chan struct{} // by keeper; nil: it is not at work
	ended   []chan struct{}
}

func (c *crew) start(i int) {
	c.stop[i], c.ended[i] = make(chan struct{}), make(chan struct{})
	k, ended := c.keepers[i], c.ended[i]
	k.quit = c.stop[i]
	k.s.planned[i].Store(true)
	c.wg.Go(func() {
		defer close(ended)
		defer k.s.caught("keeper")
		k.run(c.ctx)
	})
}

// dismiss ends a keeper; its link leaves without loss.
func (c *crew) dismiss(i int) {
	close(c.stop[i])
	c.keepers[i].s.planned[i].Store(false)
	c.stop[i] = nil
}

// spare returns up to n keepers of the path that are not at work, and whose last link has left.
func (c *crew) spare(p *pathState, n int) (some []int) {
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
	path  *pathState
	links int // at work
	step  int // links that the next trial adds
	pause time.Duration
	after time.Time // no trial before then
}

// trial keeps as many links as raise the rate, until ctx ends.
func (s *Sender) trial(ctx context.Context, c *crew) {
	tries := make([]*try, len(s.paths))
	for i, p := range s.paths {
		tries[i] = &try{path: p, links: 1, step: 1, pause: schedule.AutoPause}
	}
	select {
	case <-s.firstUp:
	case <-ctx.Done():
		return
	}
	sleep(ctx, schedule.AutoSettle)
	for at := 0; ctx.Err() == nil; at++ {
		t := tries[at%len(tries)]
		if wait := time.Until(nextTry(tries)); wait > 0 {
			sleep(ctx, wait)
			continue
		}
		if time.Now().Before(t.after) {
			continue
		}
		for s.better(ctx, c, t) && ctx.Err() == nil {
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
func (s *Sender) better(ctx context.Context, c *crew, t *try) bool {
	added := c.spare(t.path, t.step)
	if up, _, _, _ := t.path.state(); up == 0 || len(added) == 0 {
		t.rest()
		return false
	}
	before := s.measureRate(ctx)
	for _, i := range added {
		c.start(i)
	}
	sleep(ctx, max(schedule.AutoSettle, schedule.AutoTrips*time.Duration(t.path.trip.Load())))
	now := s.measureRate(ctx)
	if ctx.Err() != nil {
		return false
	}
	tried := observe.ThreadsTried{Path: t.path.String(), Added: len(added), Before: uint64(before), Now: uint64(now), Links: t.links}
	if now > schedule.AutoGain*before {
		t.links += len(added)
		t.step, t.pause = 2*t.step, schedule.AutoPause
		tried.Kept, tried.Links = true, t.links
		observe.Tell(s.observer, tried)
		return true
	}
	for _, i := range added {
		c.dismiss(i)
	}
	observe.Tell(s.observer, tried)
	t.rest()
	return false
}

// rest leaves the path alone for a while.
func (t *try) rest() {
	t.step = 1
	t.after = time.Now().Add(t.pause)
	t.pause = min(2*t.pause, schedule.AutoPauseMost)
}

// measureRate is how many bytes per second the peer receives, measured over schedule.AutoMeasure.
func (s *Sender) measureRate(ctx context.Context) float64 {
	begun, from := time.Now(), s.window.Arrived()
	sleep(ctx, schedule.AutoMeasure)
	return float64(s.window.Arrived()-from) / time.Since(begun).Seconds()
}
