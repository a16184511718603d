package schedule

import (
	"sync"
	"sync/atomic"
	"time"
)

// PathFlow is what a path's links together have in the network, and how fast it is acknowledged by the peer's kernel. A path may
// have one queue for all of its links: then each of their packets waits for those of all others before it, and a link on its own
// shows neither how deep the queue is nor that it moves.
//
//	sojourn = bytes in the network / bytes acknowledged per second, while there were some
//
// A path that is idle now and then shows its rate only while it is busy; one on which nothing is acknowledged any more keeps its last
// rate.
//
// What a link hears is as late as the queue was deep when its own words, or the peer's acknowledgements, went into it. So the longest
// sojourn is remembered for queueTimes its own length.
type PathFlow struct {
	waits   atomic.Int64 // the sojourn, in nanoseconds; 0: not known
	deepest atomic.Int64 // the longest one remembered, likewise

	mu    sync.Mutex
	held  int       // bytes in the network; guarded by mu, as is all below
	acked int       // bytes since from
	from  time.Time // the rate is measured from here; zero: nothing is in the network
	last  time.Time // when something was last acknowledged
	rate  float64   // bytes per second, in the time before from; 0: not known
	heard time.Time // when the peer was last heard on any of the links
	until time.Time // deepest is remembered until then

	deepRate float64 // the rate at which the queue was deep; 0: it was not, or is another one; see Queued
}

// Look notes that a link has so many bytes more in the network, and that so many were acknowledged.
func (f *PathFlow) Look(more, acked int, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.held += more
	if acked > 0 {
		f.acked += acked
		f.last = now
	}
	switch {
	case f.held == 0:
		f.from, f.acked = time.Time{}, 0
	case f.from.IsZero():
		f.from, f.acked, f.last, f.rate = now, 0, time.Time{}, 0
	case f.last.Sub(f.from) >= flowSpan:
		f.rate = f.lately()
		f.from, f.acked = f.last, 0
	}
	wait := f.wait()
	f.waits.Store(int64(wait))
	f.remember(wait, now)
}

// remember keeps the sojourn if it is the longest, or if a longer one has been forgotten; under mu. Without a rate it is no more than
// a guess.
func (f *PathFlow) remember(wait time.Duration, now time.Time) {
	if f.rate == 0 {
		wait = 0
	}
	if wait >= f.Longest() || !now.Before(f.until) {
		f.deepest.Store(int64(wait))
		f.until = now.Add(queueTimes * wait)
	}
}

// wait is the sojourn, under mu.
func (f *PathFlow) wait() time.Duration {
	rate := f.rate
	if rate == 0 {
		rate = f.lately()
	}
	if rate == 0 {
		return 0
	}
	return time.Duration(min(float64(f.held)/rate, ForEver.Seconds()) * float64(time.Second))
}

// lately is the rate since from, 0 if that is too short to tell; under mu.
func (f *PathFlow) lately() float64 {
	took := f.last.Sub(f.from)
	if f.from.IsZero() || took < flowFirst {
		return 0
	}
	return float64(f.acked) / took.Seconds()
}

// Held is how many bytes are in the network.
func (f *PathFlow) Held() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.held
}

// Sojourn is how long a packet sent now takes until it is acknowledged; 0: not known.
func (f *PathFlow) Sojourn() time.Duration { return time.Duration(f.waits.Load()) }

// Longest is the longest sojourn of what has lately passed the path; 0: not known.
func (f *PathFlow) Longest() time.Duration { return time.Duration(f.deepest.Load()) }

// Queued reports whether what the path holds is, or may be, in one deep queue that moves: something was acknowledged within the time
// that it takes, or within least. A queue that was deep is still the one that all have to pass, however little is left in it, as long
// as the path brings as much as it did.
func (f *PathFlow) Queued(deep, least time.Duration, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	wait, rate := f.wait(), f.rate
	if f.held == 0 || now.Sub(Later(f.last, f.from)) >= max(least, queueTimes*wait) {
		f.deepRate = 0
		return false
	}
	if rate == 0 { // not well known
		return wait == 0 || wait >= deep/4
	}
	if max(wait, f.Longest()) >= deep {
		f.deepRate = rate
	}
	if rate < f.deepRate/2 {
		f.deepRate = 0
	}
	return f.deepRate > 0
}

// Hear notes when a link last heard its peer.
func (f *PathFlow) Hear(at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.heard = Later(f.heard, at)
}

// Quiet is how long the path has shown no sign of life: nothing heard, and nothing acknowledged.
func (f *PathFlow) Quiet(now time.Time) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return now.Sub(Later(f.heard, f.last))
}
