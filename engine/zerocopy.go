package engine

import (
	"errors"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/window"
	"viamillipede/netio"
)

// A leg in the arena can be sent from where it is (MSG_ZEROCOPY). It stays there untouched until the peer has received it, like
// every leg, and until the kernel says that the call no longer needs its memory. That pays on a network card. Elsewhere the kernel
// copies after all, and says so; then a link stops using it.

const (
	// zeroLeast is the smallest piece that is worth the bookkeeping, in bytes.
	zeroLeast = 16 << 10
	// zeroTrial is how many completions a link looks at before it judges.
	zeroTrial = 16
)

// errZeroCopied is why a link stops using zero-copy.
var errZeroCopied = errors.New("the kernel copied what was sent zero-copy")

// zeroCount counts calls, for the summary.
type zeroCount struct{ sent, copied stream.Tally }

// zero is a link's calls that have not completed yet.
type zero struct {
	on      bool
	forced  bool   // on, whatever the kernel says
	next    uint32 // number of the next call
	waiting []zeroCall
	done    []netio.Completion // what was last reaped
	copied  int                // how many of the completed calls were copied, before the judgement
	judged  int
}

// zeroCall is one call and the hold on its leg.
type zeroCall struct {
	number uint32
	leg    *window.Leg
}

// startZero decides whether the link tries zero-copy.
func (k *txlink) startZero() {
	cfg := &k.s.cfg
	if cfg.IO == "copy" || !cfg.ForceZeroCopy && !k.byCard {
		return
	}
	if err := k.conn.AllowZero(); err != nil {
		observe.Tell(k.s.observer, observe.LinkCopies{Link: k.index, Err: err})
		return
	}
	k.zero.on, k.zero.forced = true, cfg.ForceZeroCopy
}

// zeroes reports whether a piece of the current leg is sent by zero-copy. Only the arena's legs are, because Go's heap may be reused
// as soon as nothing of ours refers to it.
func (k *txlink) zeroes(left int) bool { return k.zero.on && left >= zeroLeast && k.leg.Buffered() }

// sendZero sends a piece of the current leg.
func (k *txlink) sendZero(p []byte) (int, error) {
	n, err := k.conn.SendZero(p)
	if netio.NoZero(err) {
		k.reap()
		return k.conn.Send(p, nil)
	}
	if err != nil {
		return n, err
	}
	k.leg.Hold()
	k.zero.waiting = append(k.zero.waiting, zeroCall{k.zero.next, k.leg})
	k.zero.next++
	k.s.zero.sent.Add(k.loop, 1)
	return n, nil
}

// reap lets go of what the kernel no longer needs.
func (k *txlink) reap() {
	if len(k.zero.waiting) == 0 {
		return
	}
	k.zero.done = k.conn.Completions(k.zero.done[:0])
	for _, c := range k.zero.done {
		k.complete(c)
	}
	if k.zero.judged < zeroTrial || k.zero.forced || !k.zero.on {
		return
	}
	if k.zero.on = k.zero.copied < k.zero.judged; !k.zero.on {
		observe.Tell(k.s.observer, observe.LinkCopies{Link: k.index, Err: errZeroCopied})
	}
	k.zero.copied, k.zero.judged = 0, 0
}

// complete drops the holds of the calls that a completion names. Completions usually come in order.
func (k *txlink) complete(c netio.Completion) {
	kept := k.zero.waiting[:0]
	for _, w := range k.zero.waiting {
		if w.number-c.First > c.Last-c.First {
			kept = append(kept, w)
			continue
		}
		w.leg.Drop()
		k.zero.judged++
		if c.Copied {
			k.zero.copied++
			k.s.zero.copied.Add(k.loop, 1)
		}
	}
	clear(k.zero.waiting[len(kept):])
	k.zero.waiting = kept
}

// closeZero ends a link's connection with a reset, and keeps the connection until the kernel has let go of the memory: what is
// still in the card's queue would otherwise go out with another leg's bytes in it. It reports whether it did so; if not, nothing
// needs to be waited for.
func (k *txlink) closeZero() bool {
	if k.reap(); len(k.zero.waiting) == 0 {
		return false
	}
	k.retire()
	k.loop.Unwatch(k.conn.FD(), k.token)
	k.conn.Reset()
	k.owner.limbo = append(k.owner.limbo, k)
	return true
}

// clearLimbo closes the connections whose memory is free.
func (l *txloop) clearLimbo() {
	kept := l.limbo[:0]
	for _, k := range l.limbo {
		if k.reap(); len(k.zero.waiting) > 0 {
			kept = append(kept, k)
			continue
		}
		k.conn.Close()
	}
	clear(l.limbo[len(kept):])
	l.limbo = kept
}

// abandonLimbo closes what is left when the stream is over: nothing is written to its memory any more.
func (l *txloop) abandonLimbo() {
	for _, k := range l.limbo {
		k.dropZero()
		k.conn.Close()
	}
	l.limbo = nil
}

// dropZero gives the holds back without completions, when the memory will not be used again.
func (k *txlink) dropZero() {
	for _, w := range k.zero.waiting {
		w.leg.Drop()
	}
	k.zero.waiting = nil
}
