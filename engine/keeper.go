package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"viamillipede/engine/loop"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// keeper keeps one link up: it dials the link, hands it to its loop, and dials again when it is lost. The first keeper of a path
// knows no other path, so that the path is used again soon after it comes back. The others serve as guests on another path while
// theirs is down, and go home when it is up.
//
// Between two attempts it sleeps, longer each time, but no longer than until something gives it hope.
type keeper struct {
	d          *dialer
	index      int
	home       *pathState
	anchor     bool // first of its path
	place      int  // among the links of its path, from 0
	loop       *loop.Loop
	generation uint32
	overtaken  int // attempts in a row that a change of the network has overtaken

	quit <-chan struct{} // closed when the link is not wanted any more; nil if it always is wanted
}

// run is the keeper's goroutine; it ends with ctx.
func (k *keeper) run(ctx context.Context) {
	wanted, cancel := context.WithCancel(ctx)
	defer cancel()
	quit := k.quit
	go func() {
		select {
		case <-quit:
			cancel()
		case <-wanted.Done():
		}
	}()
	wait := time.Duration(0) // the last pause
	for wanted.Err() == nil {
		hope, begun := k.hope(), time.Now()
		link, err := k.connect(wanted, hope)
		k.overtook(err)
		how := schedule.Attempt{Took: time.Since(begun)}
		if err == nil {
			how = k.serve(ctx, link)
			link.on.ports.release(k.index)
		}
		if how.Linked || hope == nil {
			hope = k.hope() // the old one may have been closed long ago
		}
		if k.rest(wanted, &wait, how, hope) {
			wait = 0
		}
	}
}

// hope is closed when a new attempt has better prospects than one under way. For the first keeper of a path that is when the
// network has changed; for the others, which follow it, when the path comes back. So a storm of changes does not start a storm of
// attempts on every link.
func (k *keeper) hope() <-chan struct{} {
	if k.anchor {
		return k.d.nextChange()
	}
	return k.home.recovery()
}

// connect tries the keeper's own path, then, for a guest, the others that have a link up.
func (k *keeper) connect(ctx context.Context, hope <-chan struct{}) (*served, error) {
	link, err := k.dial(ctx, k.home, hope)
	if err == nil || k.anchor {
		return link, err
	}
	if k.home.links() > 0 {
		return nil, err
	}
	paths := k.d.paths
	for i := 1; i < len(paths); i++ {
		p := paths[(k.home.order+i)%len(paths)]
		if up := p.links(); up == 0 || up >= p.mostLinks() {
			continue
		}
		if link, err := k.dial(ctx, p, hope); err == nil {
			return link, nil
		}
	}
	return nil, err
}

// serve hands the link to its loop and waits until it is lost, or has left: a guest leaves when its own path is back, and any
// link when its keeper is dismissed. It reports how useful the link was.
func (k *keeper) serve(ctx context.Context, link *served) schedule.Attempt {
	begun, none := time.Now(), schedule.Attempt{Linked: true}
	lost := make(chan schedule.Use, 1)
	if !k.loop.Post(func() { link.begin(func(use schedule.Use) { lost <- use }) }) {
		link.discard()
		return none
	}
	home := k.home.returned()
	if link.on == k.home {
		home = nil
	}
	quit := k.quit
	for {
		select {
		case use := <-lost:
			return schedule.Attempt{Linked: true, Use: use, Took: time.Since(begun)}
		case <-quit:
			quit, home = nil, nil
			k.loop.Post(link.leave)
		case <-k.loop.Done():
			return none
		case <-ctx.Done():
			return none // the loop closes what it has
		case <-home:
			home = nil
			k.loop.Post(link.leave)
		}
	}
}

// greet sends the hello and reads the welcome. A refusal is an error, and its verdict is in the Welcome.
func (k *keeper) greet(ctx context.Context, p *pathState, c net.Conn, generation uint32) (wire.Welcome, error) {
	end, _ := ctx.Deadline()
	c.SetDeadline(end)
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	h := k.d.end.hello()
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
	if h.Features&^w.Features != 0 {
		w.Verdict = wire.VerdictVersion // it cannot, so there is no use in asking again
		return w, errors.New("refused, since the receiver cannot check what is sent: it grants no checksum")
	}
	k.d.letPrecede(ctx, p)
	if err := k.d.end.welcome(w); err != nil {
		if errors.Is(err, errOther) {
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
func (d *dialer) letPrecede(ctx context.Context, p *pathState) {
	t := time.NewTimer(schedule.Precedence)
	defer t.Stop()
	for _, q := range d.paths[:p.order] {
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
