package doors

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

// errUnsaid is why a connection is no link that ended before its first byte.
var errUnsaid = errors.New("closed without a word")

// hear lets a guest, whose connection came in at the listener with that index, say who it is, for at most Timing.Hello. It
// becomes a link, or is refused. A connection that is closed meanwhile has lost its seat to another.
func (d *Doors) hear(ctx context.Context, at int, g *guest) {
	c := g.c
	c.SetDeadline(time.Now().Add(d.cfg.Time.Hello))
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	h, err := readHello(c)
	w, answer := wire.Welcome{Version: wire.Version, Stream: h.Stream, MaxLeg: wire.MaxLeg}, answerable(err)
	if err == nil {
		d.seats.spoke(g)
		w, err = d.host.Admit(ctx, h, c.LocalAddr(), c.RemoteAddr())
		c.SetDeadline(time.Now().Add(d.cfg.Time.Hello))
	} else {
		w.Verdict = verdictOf(err)
	}
	admitted := err == nil
	if answer {
		if _, werr := c.Write(w.Append(nil)); err == nil {
			err = werr
		}
	}
	if err != nil {
		if admitted {
			d.host.Forgo()
		}
		if ctx.Err() == nil && !errors.Is(err, net.ErrClosed) && !(errors.Is(err, errUnsaid) && d.host.Expects(c.RemoteAddr())) {
			d.strangers.refuse(d.cfg.Observer, c.RemoteAddr(), err)
		}
		c.Close()
		return
	}
	c.SetDeadline(time.Time{})
	d.host.Serve(h, at, c)
}

// answerable reports whether the peer may understand a welcome.
func answerable(err error) bool {
	return err == nil || errors.Is(err, wire.ErrVersion) || errors.Is(err, wire.ErrMagic) || errors.Is(err, wire.ErrHeader) ||
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
