package house

import (
	"slices"
	"time"
)

// queueMost bounds who waits: others are told to come again, and are not remembered.
const queueMost = 1024

// pastMost bounds whose streams are remembered that have begun here and ended.
const pastMost = 1024

// past are the latest of them: one of their links may still come, and must not begin a stream again. A house's lock guards it.
type past []peer

func (p past) has(o peer) bool { return slices.Contains(p, o) }

func (p *past) add(o peer) {
	if len(*p) >= pastMost {
		*p = (*p)[:copy(*p, (*p)[1:])]
	}
	*p = append(*p, o)
}

// ticket is a peer that waits for its turn.
type ticket struct {
	peer peer
	held int       // links that are kept waiting
	seen time.Time // when one was last here
}

// queue is who waits, in the order in which they came. A house's lock guards it.
type queue []*ticket

// find returns how many are before a peer, and its ticket; nil: it does not wait.
func (q queue) find(p peer) (before int, t *ticket) {
	i := slices.IndexFunc(q, func(t *ticket) bool { return t.peer == p })
	if i < 0 {
		return len(q), nil
	}
	return i, q[i]
}

// join makes a peer wait behind all others; false if too many do.
func (q *queue) join(p peer, now time.Time) bool {
	if len(*q) >= queueMost {
		return false
	}
	*q = append(*q, &ticket{peer: p, seen: now})
	return true
}

// drop makes a peer wait no more; nil: it does not.
func (q *queue) drop(t *ticket) {
	*q = slices.DeleteFunc(*q, func(o *ticket) bool { return o == t })
}

// expire drops those who have not been here for so long, and reports whether there were any. A peer that waits asks again sooner.
func (q *queue) expire(now time.Time, patience time.Duration) bool {
	before := len(*q)
	*q = slices.DeleteFunc(*q, func(t *ticket) bool { return t.held == 0 && now.Sub(t.seen) >= patience })
	return len(*q) < before
}
