package lanes

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

const (
	loadChunk  = 64 << 10 // bytes, each with a reply
	loadFlight = 4 << 20  // bytes of a flow that rx has not replied to

	// A lane alone: long enough to get past slow start and a shaper's token bucket, and with several flows, since one may
	// be limited by a single CPU.
	aloneTime  = 600 * time.Millisecond
	aloneSkip  = 200 * time.Millisecond
	aloneFlows = 4

	loadSkip = 5 // the first 1/loadSkip of a load is not counted
)

// sample is what was counted up to a moment.
type sample struct {
	at    time.Time
	lanes []uint64
	flows []uint64 // bytes that rx has received, by flow
}

func (t *transmitter) sample() (s sample, err error) {
	s.lanes, err = t.set.Sent()
	s.at = time.Now()
	for _, f := range t.flows {
		s.flows = append(s.flows, f.replied.Load())
	}
	return s, err
}

// load makes flows send for lasts, and returns what was counted after skip and at the end.
func (t *transmitter) load(flows []*flow, lasts, skip time.Duration) (first, last sample, err error) {
	var stop atomic.Bool
	var wg sync.WaitGroup
	failed := make([]error, len(flows))
	for i, f := range flows {
		wg.Go(func() { failed[i] = f.send(loadChunk, loadFlight, func() bool { return !stop.Load() }) })
	}
	ended := make(chan struct{})
	go func() { wg.Wait(); close(ended) }()
	wait(skip, ended)
	first, err1 := t.sample()
	wait(lasts-skip, ended)
	last, err2 := t.sample()
	stop.Store(true)
	<-ended
	return first, last, errors.Join(append(failed, err1, err2)...)
}

// wait waits for a time, or until all flows have failed.
func wait(d time.Duration, ended <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ended:
	}
}

// alone measures the most each lane carries, with only its own flows sending.
func (t *transmitter) alone(r *Report) error {
	for i := range r.Lanes {
		var own []*flow
		for _, f := range t.flows {
			if f.lane == i && len(own) < aloneFlows {
				own = append(own, f)
			}
		}
		if len(own) == 0 {
			continue
		}
		first, last, err := t.load(own, aloneTime, aloneSkip)
		if err != nil {
			return err
		}
		r.Lanes[i].Alone = rate(first.lanes[i], last.lanes[i], first, last)
	}
	return nil
}

// Progress is how far flows are that all send at once.
type Progress struct {
	Bytes   uint64 // of payload that rx has received, of all flows, from the beginning of the session
	Flows   int
	Before  uint64        // what Bytes was
	Elapsed time.Duration // since then
}

// lookAt is how often progress is told.
const lookAt = time.Second

// watch tells the progress until stop is called, which tells it for the last time.
func (t *transmitter) watch() (stop func()) {
	if t.Look == nil {
		return func() {}
	}
	done, ended := make(chan struct{}), make(chan struct{})
	due := time.NewTicker(lookAt)
	before, at := t.received(), time.Now()
	go func() {
		defer close(ended)
		for last := false; !last; {
			select {
			case <-done:
				last = true
			case <-due.C:
			}
			bytes, now := t.received(), time.Now()
			t.Look(Progress{Bytes: bytes, Flows: len(t.flows), Before: before, Elapsed: now.Sub(at)})
			before, at = bytes, now
		}
	}()
	return func() { due.Stop(); close(done); <-ended }
}

// received is how many bytes rx has acknowledged, of all flows.
func (t *transmitter) received() (sum uint64) {
	for _, f := range t.flows {
		sum += f.replied.Load()
	}
	return sum
}

// together measures with all flows sending at once.
func (t *transmitter) together(r *Report) error {
	defer t.watch()()
	first, last, err := t.load(t.flows, t.Load, t.Load/loadSkip)
	if err != nil {
		return err
	}
	r.Seconds = last.at.Sub(first.at).Seconds()
	for i := range r.Lanes {
		r.Lanes[i].Bytes = last.lanes[i] - first.lanes[i]
		r.Lanes[i].Rate = rate(first.lanes[i], last.lanes[i], first, last)
	}
	for i := range r.Flows {
		r.Flows[i].Bytes = last.flows[i] - first.flows[i]
		r.Goodput += rate(first.flows[i], last.flows[i], first, last)
	}
	return nil
}

// rate is in bytes a second.
func rate(before, after uint64, first, last sample) float64 {
	return float64(after-before) / max(last.at.Sub(first.at).Seconds(), 1e-9)
}
