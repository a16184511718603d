package doors

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"viamillipede/engine/seal"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// Why a guest is refused whose link is not sealed as this end's are.
var (
	errOpen   = errors.New("it has no key, or is no viamillipede")
	errOther  = errors.New("it has another key")
	errSealed = errors.New("it has a key, and this end has none")
	errSlow   = errors.New("no handshake in time")
)

// prove makes a guest show that it has the key, if links are sealed, and returns the connection to go on with. Whoever does not have it
// gets the same answer, whatever it said, and is told nothing more.
func (d *Doors) prove(ctx context.Context, g *guest) (net.Conn, error) {
	if d.cfg.Key == nil {
		return g.c, nil
	}
	s, err := d.cfg.Key.Hear(ctx, g.c)
	if err == nil {
		d.seats.spoke(g)
		return s, nil
	}
	_, open := errors.AsType[*seal.Clear](err)
	switch {
	case open:
		err = errOpen
	case errors.Is(err, seal.ErrStranger):
		err = errOther
	case netio.Closed(err), netio.Reset(err): // an end that stops closes what it is dialling
		return nil, errUnsaid
	case errors.Is(err, net.ErrClosed), ctx.Err() != nil: // nor does this end say anything of keys when it stops
		return nil, err
	case errors.Is(err, os.ErrDeadlineExceeded): // what it has said did not arrive, as where large packets are swallowed: it has not spoken
		return nil, errSlow
	}
	d.sendOff(g.c, wire.VerdictKey)
	return nil, err
}

// sendOff refuses a connection that may have sent more than was read. The kernel would answer a close with a reset, which may overtake
// the verdict, so a little of the rest is read first.
func (d *Doors) sendOff(c net.Conn, v wire.Verdict) {
	c.SetDeadline(time.Now().Add(d.cfg.Time.Farewell))
	_, err := c.Write(refusal(v))
	if w, ok := c.(interface{ CloseWrite() error }); ok && err == nil {
		_ = w.CloseWrite()
		_, _ = io.CopyN(io.Discard, c, sendOffMost)
	}
}

// sendOffMost is more than the first flight of a handshake, in bytes.
const sendOffMost = 8 << 10
