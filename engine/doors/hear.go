package doors

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"viamillipede/engine/wire"
	"viamillipede/engine/wire1"
	"viamillipede/netio"
)

// Why a connection is no link whose peer says nothing of its reasons.
var (
	errUnsaid  = errors.New("closed without a word")         // before its first byte
	errUnheard = errors.New("closed before it was answered") // after its own words
)

// wordless reports whether a peer has said nothing of why its connection is no link.
func wordless(why error) bool { return errors.Is(why, errUnsaid) || errors.Is(why, errUnheard) }

// unanswered is why a connection is no link that could not be given its answer.
func unanswered(err error) error {
	if netio.BrokenPipe(err) {
		return errUnheard
	}
	return err
}

// hear lets a guest, whose connection came in at the listener with that index, say who it is, for at most Timing.Hello. It
// becomes a link, or is refused. A connection that is closed meanwhile has lost its seat to another.
func (d *Doors) hear(ctx context.Context, at int, g *guest) {
	g.c.SetDeadline(time.Now().Add(d.cfg.Time.Hello))
	stop := context.AfterFunc(ctx, func() { g.c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	c, err := d.prove(ctx, g)
	if err == nil {
		err = d.greet(ctx, at, g, c)
	}
	if err == nil {
		return
	}
	c = g.c
	if ctx.Err() == nil && !d.quiet(c.RemoteAddr(), err) {
		d.strangers.refuse(d.cfg.Observer, c.RemoteAddr(), err)
	}
	c.Close()
}

// greet reads a guest's words, from the connection as it goes on, and has them answered. It returns nil if that is a link's now.
func (d *Doors) greet(ctx context.Context, at int, g *guest, c net.Conn) error {
	w, err := d.readWords(c)
	switch {
	case err == nil:
		d.seats.spoke(g)
		w.from = g
		return d.answer(ctx, at, c, w)
	case err == errSealed:
		d.sendOff(c, wire.VerdictKey)
	case answerable(err):
		_, _ = c.Write(refusal(verdictOf(err)))
	}
	return err
}

// answerable reports whether the peer may understand a welcome.
func answerable(err error) bool {
	return errors.Is(err, wire.ErrVersion) || errors.Is(err, wire.ErrMagic) || errors.Is(err, wire.ErrHeader) ||
		errors.Is(err, wire.ErrLength) || errors.Is(err, wire.ErrReserved) || errors.Is(err, wire.ErrCount)
}

func verdictOf(err error) wire.Verdict {
	if errors.Is(err, wire.ErrVersion) {
		return wire.VerdictVersion
	}
	return wire.VerdictMalformed
}

// refusal is a welcome that is none.
func refusal(v wire.Verdict) []byte {
	return wire.Welcome{Version: wire.Version, Verdict: v, MaxLeg: wire.MaxLeg}.Append(nil)
}

// words are what a guest says first: a hello, a call, or the phrase of version 1.
type words struct {
	from  *guest
	hello wire.Hello
	call  *wire.Call // nil: it is none
	first bool       // it is that phrase
}

// parseWords makes sense of what has come so far.
func parseWords(b []byte) (words, error) {
	if wire.LikeSealed(b) && len(b) >= len(wire.SealedMagic) {
		return words{}, errSealed
	}
	if wire.LikeSealed(b) {
		return words{}, wire.ErrShort
	}
	if !wire.LikeCall(b) {
		h, err := wire.ParseHello(b)
		return words{hello: h}, err
	}
	c, err := wire.ParseCall(b)
	return words{call: &c}, err
}

// readWords reads them, and not a byte more. It gives up at the first byte that cannot belong to them.
func (d *Doors) readWords(c net.Conn) (w words, err error) {
	err = read(c, "hello", func(b []byte) (err error) {
		switch maybe, whole := wire1.Speaks(b, d.cfg.Phrase); {
		case d.cfg.Key != nil: // version 1 knows no key
		case whole:
			w.first = true
			return nil
		case maybe:
			return wire.ErrShort
		}
		w, err = parseWords(b)
		return err
	})
	return w, err
}

// read reads a message of the handshake, of which parse makes sense; name names it for people.
func read(c net.Conn, name string, parse func(b []byte) error) error {
	var b [wire.HelloLen]byte
	for n := 0; ; {
		if err := parse(b[:n]); !errors.Is(err, wire.ErrShort) {
			return err
		}
		most := len(b)
		if n < wire1.PhraseLen {
			most = wire1.PhraseLen // a packet may follow
		}
		m, err := c.Read(b[n:most])
		n += m
		switch {
		case n == 0 && netio.Refused(err):
			return errUnsaid
		case errors.Is(err, net.ErrClosed):
			return err
		case err == io.EOF:
			return fmt.Errorf("closed after %d bytes, without a %s", n, name)
		case err != nil:
			return fmt.Errorf("no %s in time (%d bytes came)", name, n)
		}
	}
}
