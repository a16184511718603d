package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// pathState is one path of the command line, and what its links and attempts have shown of it.
type pathState struct {
	Path
	order int // in the user's order of preference, from 0

	explained atomic.Bool // the user knows of its congestion control

	trip                   atomic.Int64 // least round trip of its links, nanoseconds; 0 is not known
	idle                   atomic.Int32 // links that could take a leg, over all loops; see txloop.countIdle
	rescuedFrom, rescuedTo atomic.Int64 // legs

	mu      sync.Mutex
	up      int           // links up; guarded by mu
	refused bool          // the last attempt was answered by a host on which nobody serves us; guarded by mu
	verdict wire.Verdict  // of the last attempt that a receiver answered; guarded by mu
	last    error         // of the last attempt, nil if it succeeded; guarded by mu
	back    chan struct{} // closed when a link of the path comes up, then made anew; guarded by mu
}

func (p *pathState) String() string { return net.JoinHostPort(p.Host, fmt.Sprint(p.Port)) }

// note records how an attempt went; it reports whether that differs from the attempt before.
func (p *pathState) note(verdict wire.Verdict, err error) (news bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	err = cause(err)
	news = (err == nil) != (p.last == nil) || err != nil && err.Error() != p.last.Error()
	p.verdict, p.last = verdict, err
	p.refused = err != nil && (verdict != wire.VerdictOK || netio.Refused(err))
	return news
}

// cause is what is worth telling of an error of the network: the addresses are the user's own, and a port that changes with
// every attempt would make each of them news.
func cause(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Err != nil {
		return op.Err
	}
	return err
}

func (p *pathState) linkUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.up++
	close(p.back)
	p.back = make(chan struct{})
}

func (p *pathState) linkDown() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.up--
}

func (p *pathState) state() (up int, refused bool, verdict wire.Verdict, last error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.up, p.refused, p.verdict, p.last
}

// returned is closed when the path next gets a link up.
func (p *pathState) returned() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.back
}

// keeper keeps one link up: dials it, hands it to its loop, and dials again when it is lost. The first keeper of a path
// knows no other path, so that the path is used again soon after it comes back; the others serve as guests on another
// path while theirs is down, and go home when it is up.
type keeper struct {
	s          *Sender
	index      int
	home       *pathState
	anchor     bool // first of its path
	loop       *txloop
	generation uint32
}

// A stream of a few bytes is over before more than one link is of use: the others are dialled a little after the first is
// up, and not much later where none comes up.
const (
	afterFirst = 10 * time.Millisecond
	anyhow     = 50 * time.Millisecond
)

// holdBack returns when the keepers other than the first of each path may start.
func (s *Sender) holdBack(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, anyhow)
	defer cancel()
	select {
	case <-s.firstUp:
		sleep(ctx, afterFirst)
	case <-ctx.Done():
	}
}

// run is the keeper's goroutine; it ends with ctx.
func (k *keeper) run(ctx context.Context) {
	wait := k.s.time.Backoff
	for ctx.Err() == nil {
		link, err := k.connect(ctx)
		if err != nil {
			sleep(ctx, jitter(wait))
			wait = min(2*wait, k.s.time.BackoffMost)
			continue
		}
		wait = k.s.time.Backoff
		k.serve(ctx, link)
		sleep(ctx, jitter(wait))
	}
}

// connect tries the keeper's own path, then, for a guest, the others that have a link up.
func (k *keeper) connect(ctx context.Context) (*txlink, error) {
	link, err := k.dial(ctx, k.home)
	if err == nil || k.anchor {
		return link, err
	}
	if up, _, _, _ := k.home.state(); up > 0 {
		return nil, err
	}
	for i := 1; i < len(k.s.paths); i++ {
		p := k.s.paths[(k.home.order+i)%len(k.s.paths)]
		if up, _, _, _ := p.state(); up == 0 {
			continue
		}
		if link, err := k.dial(ctx, p); err == nil {
			return link, nil
		}
	}
	return nil, err
}

// serve hands the link to its loop and waits until it is lost, or, for a guest, until its own path is back.
func (k *keeper) serve(ctx context.Context, link *txlink) {
	lost := make(chan error, 1)
	link.lost = func(err error) { lost <- err }
	k.loop.post(func() { k.s.linkUp(k.loop, link) })
	home := k.home.returned()
	if link.path == k.home {
		home = nil
	}
	for {
		select {
		case <-lost:
			return
		case <-k.loop.done:
			return
		case <-ctx.Done():
			return // the loop closes what it has
		case <-home:
			home = nil
			k.loop.post(func() { link.leave() })
		}
	}
}

// dial makes one attempt on a path: name, connection, handshake.
func (k *keeper) dial(ctx context.Context, p *pathState) (*txlink, error) {
	ctx, cancel := context.WithTimeout(ctx, k.s.time.Dial)
	defer cancel()
	c, err := k.s.transport.Dial(ctx, p.Path)
	if err != nil {
		return nil, k.failed(ctx, p, wire.VerdictOK, err)
	}
	w, err := k.greet(ctx, c)
	if err != nil {
		c.Close()
		return nil, k.failed(ctx, p, w.Verdict, err)
	}
	conn, err := k.s.transport.Adopt(c, k.s.trace())
	if err != nil {
		return nil, k.failed(ctx, p, wire.VerdictOK, err)
	}
	p.note(wire.VerdictOK, nil)
	k.s.heardFrom()
	k.generation++
	link := &txlink{s: k.s, path: p, owner: k.loop, linkState: linkState{
		index: k.index, generation: k.generation - 1, path: p.String(), conn: conn,
	}}
	conn.LimitUnsent(link.most())
	return link, nil
}

// failed records an attempt that failed, and tells the user when that is news.
func (k *keeper) failed(ctx context.Context, p *pathState, v wire.Verdict, err error) error {
	if context.Cause(ctx) == context.Canceled {
		return err // we are stopping
	}
	news := p.note(v, err)
	k.s.look()
	if news {
		k.s.log.Printf(LevelLinks, "path %v: link %d: %v", p, k.index, cause(err))
	}
	return err
}

// greet sends the hello and reads the welcome. A refusal is an error, and its verdict is in the Welcome.
func (k *keeper) greet(ctx context.Context, c net.Conn) (wire.Welcome, error) {
	end, _ := ctx.Deadline()
	c.SetDeadline(end)
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	h := wire.Hello{
		Version: wire.Version, Features: k.s.features(), Phrase: k.s.cfg.Phrase, Stream: k.s.stream,
		Link: uint32(k.index), Generation: k.generation, MaxLeg: uint32(k.s.cfg.Leg), Links: uint32(k.s.cfg.Threads),
		Size: uint64(k.s.in.size()),
	}
	if k.s.begun.Load() {
		h.Flags |= wire.FlagResume
	}
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
	if err := k.s.welcome(w); err != nil {
		w.Verdict = wire.VerdictMalformed
		return w, err
	}
	return w, c.SetDeadline(time.Time{})
}

// readWelcome reads a welcome and not a byte more. It gives up at the first byte that cannot be one's. With an error, the
// Welcome has the verdict that it amounts to.
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
		case !errors.Is(err, wire.ErrShort):
			w.Verdict = wire.VerdictMalformed
			return w, fmt.Errorf("what answers is not a viamillipede that we can talk to: %w", err)
		}
		m, err := c.Read(b[n:])
		n += m
		if n < len(b) && err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				err = errors.New("the connection was taken, but nothing answers on it")
			}
			return wire.Welcome{}, err
		}
	}
}

// sleep waits for d or for the end of ctx.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// jitter spreads the redials of many links over time: d to 1.25 d.
func jitter(d time.Duration) time.Duration { return d + rand.N(d/4+1) }
