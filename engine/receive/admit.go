package receive

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/receive/doors"
	"viamillipede/engine/wire"
)

// hostsMost is how many addresses of the sender are remembered.
const hostsMost = 256

// reception is the receiver as its doors see it.
type reception struct{ r *Receiver }

// Expects implements doors.Host.
func (h reception) Expects(from net.Addr) bool {
	h.r.life.Mu.Lock()
	defer h.r.life.Mu.Unlock()
	return h.r.hosts[hostOf(from)]
}

// LinksUp implements doors.Host.
func (h reception) LinksUp() int {
	h.r.life.Mu.Lock()
	defer h.r.life.Mu.Unlock()
	return h.r.life.Up
}

// Admit implements doors.Host. It lets a sender wait whose turn may come.
func (h reception) Admit(ctx context.Context, hello wire.Hello, local, remote net.Addr) (wire.Welcome, error) {
	h.r.repin(local)
	for begun := time.Now(); ; {
		w, err := h.r.admit(hello, remote)
		if !errors.Is(err, doors.ErrTried) || !h.r.awaitTurn(ctx, hello, begun) {
			return w, err
		}
	}
}

// Forgo implements doors.Host.
func (h reception) Forgo() {
	h.r.life.Mu.Lock()
	defer h.r.life.Mu.Unlock()
	h.r.linkGone()
}

// Fail implements doors.Host.
func (h reception) Fail(err *stream.Error) { h.r.life.Fail(err) }

// Serve implements doors.Host: it hands the connection to a loop.
func (h reception) Serve(hello wire.Hello, at int, c net.Conn) {
	r := h.r
	path, between := c.RemoteAddr().String(), wayBetween(c)
	conn, err := r.transport.Adopt(c, stream.TraceTo(r.observer))
	if err != nil {
		observe.Tell(r.observer, observe.LinkNotTaken{Link: int(hello.Link), From: path, Err: err})
		h.Forgo()
		return
	}
	r.life.Mu.Lock()
	l := r.loopFor(at)
	l.load++
	r.life.Mu.Unlock()
	k := &rxlink{r: r, way: r.wayOf(between), owner: l, Link: stream.Link{
		Index: int(hello.Link), Generation: hello.Generation, Name: path, Conn: stream.Equip(conn),
	}}
	if !l.Post(func() { r.linkUp(l, k) }) {
		conn.Abort()
		r.neverUp(l)
	}
}

// admit decides on a hello. An error is a refusal, for the user; the Welcome tells the peer.
func (r *Receiver) admit(h wire.Hello, from net.Addr) (wire.Welcome, error) {
	r.life.Mu.Lock()
	defer r.life.Mu.Unlock()
	w := wire.Welcome{Version: wire.Version, Stream: h.Stream, MaxLeg: wire.MaxLeg, Receiver: r.id}
	t := &r.tenure
	var err error
	if w.Verdict, err = t.Judge(h, r.cfg.Phrase); err != nil {
		return w, err
	}
	if !t.Met() {
		if err := r.adopt(h); err != nil {
			r.life.FinishLocked(stream.Fail(stream.StatusLocalPipe, err, "cannot get memory for the window"))
			w.Verdict = wire.VerdictBusy
			return w, fmt.Errorf("no memory for the window: %w", err)
		}
	}
	if len(r.hosts) < hostsMost {
		r.hosts[hostOf(from)] = true
	}
	t.LinkCame()
	w.Features, w.MaxLeg, w.Credit = t.Hello().Features&wire.Features, r.most, uint32(r.credit)
	w.Delivered = uint64(r.ring.Next())
	return w, nil
}

// loopFor is the loop that gets a link which came in at the listener with that index: the listener's own, unless that has its
// share of the links; then the loop with the fewest. Under Life.Mu.
func (r *Receiver) loopFor(at int) *rxloop {
	best := r.loops[at]
	if best.load < r.share() {
		return best
	}
	for _, l := range r.loops {
		if l.load < best.load {
			best = l
		}
	}
	return best
}

// share is how many links one loop may have while another has fewer. Under Life.Mu.
func (r *Receiver) share() int {
	links := int(max(r.tenure.Hello().Links, 1))
	return (links + len(r.loops) - 1) / len(r.loops)
}
