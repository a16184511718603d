// Package zero sends legs from where they are in memory (MSG_ZEROCOPY). A leg in the arena stays there untouched until the peer has
// received it, like every leg, and until the kernel says that the call no longer needs its memory. That pays on a network card.
// Elsewhere the kernel copies after all, and says so; then a link stops using it.
package zero

import (
	"errors"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/loop"
	"viamillipede/engine/window"
	"viamillipede/netio"
)

const (
	// least is the smallest piece that is worth the bookkeeping, in bytes.
	least = 16 << 10
	// trial is how many completions a link looks at before it judges.
	trial = 16
)

// errCopied is why a link stops using zero-copy.
var errCopied = errors.New("the kernel copied what was sent zero-copy")

// Count counts the calls of all links, for the user.
type Count struct{ Sent, Copied stream.Tally }

// Calls are those of a link that have not completed yet. The zero Calls are off. All methods are for the link's loop.
type Calls struct {
	conn    stream.ZeroCopier
	count   *Count
	on      bool
	forced  bool   // on, whatever the kernel says
	next    uint32 // number of the next call
	waiting []call
	done    []netio.Completion // what was last reaped
	copied  int                // how many of the completed calls were copied, before the judgement
	judged  int
}

// call is one call and the hold on its leg.
type call struct {
	number uint32
	leg    *window.Leg
}

// Start turns zero-copy on, or returns why the kernel does not allow it. forced keeps it on even if the kernel copies.
func (z *Calls) Start(conn stream.ZeroCopier, count *Count, forced bool) error {
	if err := conn.AllowZero(); err != nil {
		return err
	}
	z.conn, z.count, z.on, z.forced = conn, count, true, forced
	return nil
}

// Takes reports whether a piece of so many bytes is sent that way. The leg that it is part of must be in the arena, because Go's heap
// may be reused as soon as nothing of ours refers to it.
func (z *Calls) Takes(bytes int) bool { return z.on && bytes >= least }

// Send sends a piece of a leg, which it holds until the call is complete. The error is that of stream.ZeroCopier; netio.NoZero(err)
// says that the piece has to be sent otherwise.
func (z *Calls) Send(p []byte, l *window.Leg, at *loop.Loop) (int, error) {
	n, err := z.conn.SendZero(p)
	if err != nil {
		return n, err
	}
	l.Hold()
	z.waiting = append(z.waiting, call{z.next, l})
	z.next++
	z.count.Sent.Add(at, 1)
	return n, nil
}

// Pending reports whether the kernel still needs the memory of a call.
func (z *Calls) Pending() bool { return len(z.waiting) > 0 }

// Reap lets go of what the kernel no longer needs. The error is errCopied when that turns zero-copy off.
func (z *Calls) Reap(at *loop.Loop) error {
	if len(z.waiting) == 0 {
		return nil
	}
	z.done = z.conn.Completions(z.done[:0])
	for _, c := range z.done {
		z.complete(c, at)
	}
	if z.judged < trial || z.forced || !z.on {
		return nil
	}
	z.on = z.copied < z.judged
	z.copied, z.judged = 0, 0
	if !z.on {
		return errCopied
	}
	return nil
}

// complete drops the holds of the calls that a completion names. Completions usually come in order.
func (z *Calls) complete(c netio.Completion, at *loop.Loop) {
	kept := z.waiting[:0]
	for _, w := range z.waiting {
		if w.number-c.First > c.Last-c.First {
			kept = append(kept, w)
			continue
		}
		w.leg.Drop()
		z.judged++
		if c.Copied {
			z.copied++
			z.count.Copied.Add(at, 1)
		}
	}
	clear(z.waiting[len(kept):])
	z.waiting = kept
}

// Drop gives the holds back without completions, when the memory will not be used again.
func (z *Calls) Drop() {
	for _, w := range z.waiting {
		w.leg.Drop()
	}
	z.waiting = nil
}
