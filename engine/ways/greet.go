package ways

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// greet sends the hello and reads the welcome. A refusal is an error, and its verdict is in the Welcome.
func (k *keeper) greet(ctx context.Context, p *Path, c net.Conn, generation uint32) (wire.Welcome, error) {
	end, _ := ctx.Deadline()
	c.SetDeadline(end)
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	h := k.d.cfg.End.Hello()
	h.Link, h.Generation = uint32(k.index), generation
	if _, err := c.Write(h.Append(nil)); err != nil {
		return wire.Welcome{}, err
	}
	w, err := readWelcome(c)
	if err != nil {
		return w, err
	}
	if w.Verdict != wire.VerdictOK {
		return w, fmt.Errorf("refused by the receiver: %v", w.Verdict)
	}
	if h.Features&^w.Features&wire.FeatureChecksum != 0 {
		w.Verdict = wire.VerdictVersion // it cannot, so there is no use in asking again
		return w, errors.New("refused, since the receiver cannot check what is sent: it grants no checksum")
	}
	k.d.letPrecede(ctx, p)
	if err := k.d.cfg.End.Welcome(w); err != nil {
		if errors.Is(err, ErrOther) {
			_, _ = c.Write(wire.Bye{Reason: wire.ByeTaken}.Append(nil)) // so it is free for another sender
		}
		w.Verdict = wire.VerdictMalformed
		return w, err
	}
	k.d.meet.Do(func() { close(k.d.met) })
	return w, c.SetDeadline(time.Time{})
}

// readWelcome reads a welcome and not a byte more. It gives up at the first byte that cannot belong to one. With an error, the
// Welcome holds the verdict that the error amounts to.
func readWelcome(c net.Conn) (wire.Welcome, error) {
	var b [wire.WelcomeLen]byte
	for n := 0; ; {
		w, err := wire.ParseWelcome(b[:n])
		switch {
		case err == nil:
			return w, nil
		case errors.Is(err, wire.ErrVersion):
			w.Verdict = wire.VerdictVersion
			return w, fmt.Errorf("the receiver speaks wire version %d, this end %d", w.Version, wire.Version)
		case wire.IsLanes(b[:n]):
			w.Verdict = wire.VerdictMeasures
			return w, fmt.Errorf("refused by the receiver: %v", w.Verdict)
		case !errors.Is(err, wire.ErrShort):
			w.Verdict = wire.VerdictMalformed
			return w, fmt.Errorf("what answers is not a viamillipede that we can talk to: %w", err)
		}
		m, err := c.Read(b[n:])
		n += m
		if n < len(b) && err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				err = errMute
			}
			return wire.Welcome{}, err
		}
	}
}

// letPrecede waits, briefly, until each path before this one has been tried, or has led to the receiver: if there are several
// receivers, the stream is for the one on the first path that works.
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
