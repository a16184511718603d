package ways

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// Greeter is what an end says first on a new connection, and what it makes of the answer. Any goroutine of the dialer may call it.
type Greeter interface {
	// Greet talks until the connection is a link, or fails. With an error, the verdict is that of the peer that answered, or what the
	// error amounts to. ErrOther: this is not the stream's peer.
	Greet(i Introduction, c net.Conn) (wire.Verdict, error)
	// Forgo notes that a connection on which Greet succeeded does not become a link.
	Forgo()
}

// Introduction is what there is to say of a new link.
type Introduction struct {
	Path        *Path
	Link, Links int
	Paths       int
	Generation  uint32
	From, To    net.Addr
	Precede     func() // is to be called before the peer is committed: it returns when the paths before this one have been tried
}

// greet has a new connection become a link.
func (k *keeper) greet(ctx context.Context, p *Path, c net.Conn, generation uint32) (wire.Verdict, error) {
	end, _ := ctx.Deadline()
	c.SetDeadline(end)
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	v, err := k.d.cfg.Greeter.Greet(Introduction{
		Path: p, Link: k.index, Links: k.d.Links(), Paths: len(k.d.paths), Generation: generation, From: c.LocalAddr(), To: c.RemoteAddr(),
		Precede: func() { k.d.letPrecede(ctx, p) },
	}, c)
	if err != nil {
		return v, err
	}
	k.d.meet.Do(func() { close(k.d.met) })
	return v, c.SetDeadline(time.Time{})
}

// hearGreeting reads what a peer says first, of which parse makes sense, and not a byte more. It gives up at the first byte that cannot
// belong to it. The verdict is what the error amounts to. peer names the other end for people.
func hearGreeting(c io.Reader, peer string, parse func(b []byte) (version uint16, err error)) (wire.Verdict, error) {
	var b [wire.WelcomeLen]byte
	for n := 0; ; {
		version, err := parse(b[:n])
		switch {
		case err == nil:
			return wire.VerdictOK, nil
		case errors.Is(err, wire.ErrVersion):
			return wire.VerdictVersion, fmt.Errorf("the %s speaks wire version %d, this end %d", peer, version, wire.Version)
		case wire.IsLanes(b[:n]):
			return wire.VerdictMeasures, fmt.Errorf("refused by the %s: %v", peer, wire.VerdictMeasures)
		case !errors.Is(err, wire.ErrShort):
			return wire.VerdictMalformed, fmt.Errorf("what answers is not a viamillipede that we can talk to: %w", err)
		}
		m, err := c.Read(b[n:])
		n += m
		if n < len(b) && err != nil {
			return wire.VerdictOK, muteIfLate(err)
		}
	}
}

// muteIfLate is why no answer came in time.
func muteIfLate(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errMute
	}
	return err
}

// letPrecede waits, briefly, until each path before this one has been tried, or has led to the peer: if there are several
// peers, the stream is for the one on the first path that works.
func (d *Dialer) letPrecede(ctx context.Context, p *Path) {
	t := time.NewTimer(schedule.Precedence)
	defer t.Stop()
	for _, q := range d.paths[:p.Order] {
		select {
		case <-q.tried:
		case <-d.met:
			return
		case <-t.C:
			return
		case <-ctx.Done():
			return
		}
	}
}
