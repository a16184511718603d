package send

import (
	"viamillipede/engine/observe"
	"viamillipede/netio"
)

// startZero decides whether the link tries zero-copy.
func (k *txlink) startZero() {
	cfg := &k.s.cfg
	if cfg.IO == "copy" || !cfg.ForceZeroCopy && !k.byCard {
		return
	}
	if err := k.zero.Start(k.Conn.ZeroCopier, &k.s.zero, cfg.ForceZeroCopy); err != nil {
		observe.Tell(k.s.observer, observe.LinkCopies{Link: k.Index, Err: err})
	}
}

// zeroes reports whether a piece of the current leg is sent by zero-copy.
func (k *txlink) zeroes(left int) bool { return k.zero.Takes(left) && k.Leg.Buffered() }

// sendZero sends a piece of the current leg.
func (k *txlink) sendZero(p []byte) (int, error) {
	n, err := k.zero.Send(p, k.Leg, k.Loop)
	if netio.NoZero(err) {
		k.reap()
		return k.Conn.Send(p, nil)
	}
	return n, err
}

// reap lets go of what the kernel no longer needs.
func (k *txlink) reap() {
	if err := k.zero.Reap(k.Loop); err != nil {
		observe.Tell(k.s.observer, observe.LinkCopies{Link: k.Index, Err: err})
	}
}

// closeZero ends a link's connection with a reset, and keeps the connection until the kernel has let go of the memory: what is
// still in the card's queue would otherwise go out with another leg's bytes in it. It reports whether it did so; if not, nothing
// needs to be waited for.
func (k *txlink) closeZero() bool {
	if k.reap(); !k.zero.Pending() {
		return false
	}
	k.Retire()
	k.Loop.Unwatch(k.Conn.FD(), k.Token)
	k.Conn.Reset()
	k.owner.limbo = append(k.owner.limbo, k)
	return true
}

// clearLimbo closes the connections whose memory is free.
func (l *txloop) clearLimbo() {
	kept := l.limbo[:0]
	for _, k := range l.limbo {
		if k.reap(); k.zero.Pending() {
			kept = append(kept, k)
			continue
		}
		k.Conn.Close()
	}
	clear(l.limbo[len(kept):])
	l.limbo = kept
}

// abandonLimbo closes what is left when the stream is over: nothing is written to its memory any more.
func (l *txloop) abandonLimbo() {
	for _, k := range l.limbo {
		k.zero.Drop()
		k.Conn.Close()
	}
	l.limbo = nil
}
