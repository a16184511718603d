package engine

import (
	"context"
	"math/rand/v2"
	"time"

	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// A keeper's pause before the next attempt, by how the last one ended:
//
//	a link carried payload, or left as it should  Timing.Backoff
//	a link broke before it carried any            twice the last pause, at most Timing.BackoffMost
//	no link, and the path has none                the same, less the time that the attempt took
//	no link, and the path has others              twice the last pause, and twice the attempt, at most Timing.Rare
//	a link had payload and carried none,          the same; for the first keeper of a path at most anchorMost
//	  and the stream has other links
//
// What keeps some links out, such as a firewall that counts them, is not asked again and again; nor is a path on which links come
// up and nothing gets through. The pauses are spread, so that links that were lost together do not come back together. The news
// that the path has no link any more, or hope, ends every pause.

// anchorMost bounds the pause of the first keeper of a path on which nothing gets through: when it does again, nobody tells.
const anchorMost = 30 * time.Second

// idleLong is how long a link has to be up to count as one that was of use, although there was nothing for it to carry.
const idleLong = time.Minute

// use is what a link was good for.
type use int

const (
	useNone   use = iota // it came up; there was nothing for it to carry, or no time
	useWasted            // it had payload, and nothing of it got through
	useGood              // it carried payload, or was up for long, or left as it should
)

// usefulness says what a link was good for that ends; on its loop's thread, while it has its connection.
func (k *txlink) usefulness(err error) use {
	now := k.loop.Now
	switch {
	case err == errLeft || k.carriedSome(k.conn.Queued()) || k.first == 0 && now.Sub(k.linkState.since) >= idleLong:
		return useGood
	case k.first > 0 && now.Sub(k.firstFed) >= k.s.time.Stall:
		k.path.doubtful.Store(true)
		return useWasted
	}
	return useNone
}

// carriedSome reports whether payload got through on the link. That a leg which it carried is received says little: another
// link may have brought it. What the peer's kernel has says more, as long as small frames are told from payload.
func (k *txlink) carriedSome(q netio.Queue) bool {
	if k.largest == 0 {
		return false
	}
	return !q.Told || q.Acked >= uint64(wire.HelloLen+wire.HeaderLen+k.first)
}

// attempt is how an attempt of a keeper went.
type attempt struct {
	linked bool // a link came up, and has ended
	use    use
	took   time.Duration
	beside bool // there are other links; see rest
}

// rest sleeps until the next attempt is due, and keeps how long that is in wait. It reports whether something came up before by
// which the attempt has better prospects.
func (k *keeper) rest(ctx context.Context, wait *time.Duration, a attempt, hope <-chan struct{}) (came bool) {
	alone, empty := k.s.emptied(), k.home.emptied()
	if a.beside = alone != nil; k.anchor && !a.linked {
		a.beside = empty != nil
	}
	*wait = k.pause(*wait, a)
	d := k.jitter(*wait)
	switch {
	case a.linked && a.use != useWasted:
		hope, empty, alone = nil, nil, nil // every link that breaks at once would wake the others
	case a.linked:
		empty = nil // that the path's others are lost, too, is to be expected
	case !a.beside:
		d -= a.took // an attempt that took long was wait enough
	}
	return sleepUntil(ctx, d, hope, empty, alone)
}

// pause gives the next pause from the last one.
func (k *keeper) pause(last time.Duration, a attempt) time.Duration {
	t := k.s.time
	twice := max(2*last, t.Backoff)
	switch {
	case a.linked && a.use == useGood:
		return t.Backoff
	case a.beside && (!a.linked || a.use == useWasted):
		most := max(t.BackoffMost, t.Rare)
		if a.linked && k.anchor {
			most = max(t.BackoffMost, min(most, anchorMost))
		}
		return min(max(twice, 2*a.took), most)
	}
	return min(twice, t.BackoffMost)
}

// jitter spreads the redials of many links over time: d to 1.25 d; those of rare ones, which may be minutes apart, d to 2 d.
func (k *keeper) jitter(d time.Duration) time.Duration {
	spread := d / 4
	if d > k.s.time.BackoffMost {
		spread = d
	}
	return d + rand.N(spread+1)
}

// emptied is closed when the path has no link any more; nil, which never is, where it has none already.
func (p *pathState) emptied() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.up == 0 {
		return nil
	}
	return p.empty
}

// emptied is closed when the stream has no link any more; nil, which never is, where it has none already.
func (s *Sender) emptied() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.up == 0 {
		return nil
	}
	return s.empty
}

// trust takes in that payload has got through on the path.
func (p *pathState) trust() {
	if !p.doubtful.Load() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.doubtful.CompareAndSwap(true, false) && p.up > 0 {
		p.tellBack()
	}
}

// tellBack wakes who waits for the path. Under mu.
func (p *pathState) tellBack() {
	close(p.back)
	p.back = make(chan struct{})
}
