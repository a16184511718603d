package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// hostsMost is how many addresses of the sender are remembered.
const hostsMost = 256

// errUnsaid is why a connection is no link that ended before its first byte.
var errUnsaid = errors.New("closed without a word")

// hear lets a connection, which came in at the listener with that index, say who it is, and makes it a link or refuses it; said
// is called in between. A connection that is closed meanwhile has lost its seat to another.
func (r *Receiver) hear(ctx context.Context, at int, c net.Conn, said func()) {
	c.SetDeadline(time.Now().Add(r.time.Hello))
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	h, err := readHello(c)
	w := wire.Welcome{Version: wire.Version, Stream: h.Stream, MaxLeg: wire.MaxLeg}
	if err == nil {
		said()
		r.settle(c.LocalAddr())
		w, err = r.admitInTurn(ctx, h, c.RemoteAddr())
		c.SetDeadline(time.Now().Add(r.time.Hello))
	} else {
		w.Verdict = verdictOf(err)
	}
	admitted := err == nil
	if admitted || answerable(err) {
		if _, werr := c.Write(w.Append(nil)); err == nil {
			err = werr
		}
	}
	if err != nil {
		if admitted {
			r.forgo()
		}
		if ctx.Err() == nil && !errors.Is(err, net.ErrClosed) && !(errors.Is(err, errUnsaid) && r.expects(c.RemoteAddr())) {
			r.strangers.refuse(r.observer, c.RemoteAddr(), err)
		}
		c.Close()
		return
	}
	c.SetDeadline(time.Time{})
	r.take(h, at, c)
}

// expects reports whether a connection from there that ends without a word may be our sender's, which gives up the links that it
// is dialling when it ends.
func (r *Receiver) expects(who net.Addr) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hosts[hostOf(who)]
}

// forgo notes that an admitted connection did not become a link.
func (r *Receiver) forgo() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.linkGone()
}

// admitInTurn is admit, except that it lets a sender wait whose turn may come.
func (r *Receiver) admitInTurn(ctx context.Context, h wire.Hello, from net.Addr) (wire.Welcome, error) {
	for begun := time.Now(); ; {
		w, err := r.admit(h, from)
		if !errors.Is(err, errTried) || !r.awaitTurn(ctx, h, begun) {
			return w, err
		}
	}
}

// admit decides on a hello. An error is a refusal, for the user; the Welcome tells the peer.
func (r *Receiver) admit(h wire.Hello, from net.Addr) (wire.Welcome, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := wire.Welcome{Version: wire.Version, Stream: h.Stream, MaxLeg: wire.MaxLeg, Receiver: r.id}
	refuse := func(v wire.Verdict, format string, args ...any) (wire.Welcome, error) {
		w.Verdict = v
		return w, refusal{fmt.Errorf(format, args...)}
	}
	switch {
	case h.Phrase != r.cfg.Phrase:
		return refuse(wire.VerdictPhrase, "wrong checkphrase")
	case r.met && h.Stream != r.hello.Stream && r.tenure.owned.Load():
		return refuse(wire.VerdictBusy, "another sender; this receiver serves one stream")
	case (!r.met || h.Stream != r.hello.Stream) && h.Flags&wire.FlagResume != 0:
		return refuse(wire.VerdictUnknown, "a sender whose stream began with another receiver")
	case r.tries(h):
		return refuse(wire.VerdictBusy, "%w", errTried)
	case h.Link >= MaxThreads:
		return refuse(wire.VerdictMalformed, "link %d, expected less than %d", h.Link, MaxThreads)
	case r.met && h.Links != r.hello.Links:
		return refuse(wire.VerdictMalformed, "%d links, expected %d as before", h.Links, r.hello.Links)
	case r.met && h.Features != r.hello.Features:
		return refuse(wire.VerdictMalformed, "features %#x, expected %#x as before", h.Features, r.hello.Features)
	case h.Link >= max(h.Links, 1):
		return refuse(wire.VerdictMalformed, "link %d of %d", h.Link, h.Links)
	}
	if !r.met {
		if err := r.adopt(h); err != nil {
			r.finishLocked(fail(StatusLocalPipe, err, "cannot get memory for the window"))
			return refuse(wire.VerdictBusy, "no memory for the window: %w", err)
		}
	}
	if len(r.hosts) < hostsMost {
		r.hosts[hostOf(from)] = true
	}
	r.tenure.links++
	w.Features, w.MaxLeg, w.Credit = r.hello.Features&wire.Features, r.most, uint32(r.credit)
	w.Delivered = uint64(r.ring.Next())
	return w, nil
}

// refusal is an error that the peer gets an answer to.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

// answerable reports whether the peer may understand a welcome.
func answerable(err error) bool {
	_, refused := errors.AsType[refusal](err)
	return refused || errors.Is(err, wire.ErrVersion) || errors.Is(err, wire.ErrMagic) || errors.Is(err, wire.ErrHeader) ||
		errors.Is(err, wire.ErrLength) || errors.Is(err, wire.ErrReserved)
}

func verdictOf(err error) wire.Verdict {
	if errors.Is(err, wire.ErrVersion) {
		return wire.VerdictVersion
	}
	return wire.VerdictMalformed
}

// readHello reads a hello and not a byte more. It gives up at the first byte that cannot belong to one.
func readHello(c net.Conn) (wire.Hello, error) {
	var b [wire.HelloLen]byte
	for n := 0; ; {
		h, err := wire.ParseHello(b[:n])
		if !errors.Is(err, wire.ErrShort) {
			return h, err
		}
		m, err := c.Read(b[n:])
		n += m
		if n == 0 && netio.Refused(err) {
			return h, errUnsaid
		}
		if errors.Is(err, net.ErrClosed) {
			return h, err
		}
		if err == io.EOF {
			return h, fmt.Errorf("closed after %d bytes, without a hello", n)
		}
		if err != nil {
			return h, fmt.Errorf("no hello in time (%d bytes came)", n)
		}
	}
}
