package receive

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"viamillipede/engine/doors"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/wire"
)

// Bounds on what is remembered of a sender. Links that come by other ways share nothing.
const (
	hostsMost = 256 // addresses
	waysMost  = 256
)

// reception is the receiver as its doors see it.
type reception struct{ r *Receiver }

// Expects implements doors.Host.
func (h reception) Expects(from net.Addr) bool {
	h.r.life.Mu.Lock()
	defer h.r.life.Mu.Unlock()
	return h.r.hosts[doors.HostOf(from)]
}

// LinksUp implements doors.Host.
func (h reception) LinksUp() int {
	h.r.life.Mu.Lock()
	defer h.r.life.Mu.Unlock()
	return h.r.life.Up
}

// Admit implements doors.Receiving. It lets a sender wait whose turn may come.
func (h reception) Admit(ctx context.Context, hello wire.Hello, local, remote net.Addr) (wire.Welcome, error) {
	h.repin(local)
	for begun := time.Now(); ; {
		w, err := h.admit(hello, remote)
		r := h.r
		if !errors.Is(err, doors.ErrTried) || !r.tenure.AwaitTurn(ctx, &r.life.Mu, doors.ClaimOf(hello), begun, r.time, r.turnAllOut) {
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

// Tenure implements doors.Host.
func (h reception) Tenure() *doors.Tenure { return &h.r.tenure }

// TurnOut implements doors.Host.
func (h reception) TurnOut() {
	h.r.life.Mu.Lock()
	yields := h.r.tenure.Yield()
	h.r.life.Mu.Unlock()
	if yields {
		h.r.turnAllOut(stream.ErrYields)
	}
}

// Serve implements doors.Receiving: it hands the connection to a loop.
func (h reception) Serve(hello wire.Hello, at int, c net.Conn) {
	r := h.r
	path, between := c.RemoteAddr().String(), doors.WayBetween(c)
	conn, err := r.transport.Adopt(c, stream.TraceTo(r.observer))
	if err != nil {
		observe.Tell(r.observer, observe.LinkNotTaken{Link: int(hello.Link), From: path, Err: err})
		h.Forgo()
		return
	}
	r.life.Mu.Lock()
	l := h.loopFor(at)
	l.load++
	r.life.Mu.Unlock()
	k := &rxlink{r: r, way: h.wayOf(between), owner: l, Link: stream.Link{
		Index: int(hello.Link), Generation: hello.Generation, Name: path, Conn: stream.Equip(conn),
	}}
	if !l.Post(func() { r.linkUp(l, k) }) {
		conn.Abort()
		r.neverUp(l)
	}
}

// admit decides on a hello. An error is a refusal, for the user; the Welcome tells the peer.
func (h reception) admit(hello wire.Hello, from net.Addr) (wire.Welcome, error) {
	r := h.r
	r.life.Mu.Lock()
	defer r.life.Mu.Unlock()
	w := wire.Welcome{Version: wire.Version, Stream: hello.Stream, MaxLeg: wire.MaxLeg, Receiver: r.id}
	t := &r.tenure
	var err error
	if w.Verdict, err = t.Judge(doors.ClaimOf(hello), r.cfg.Phrase); err != nil {
		return w, err
	}
	if err := r.coded.Agree(hello, t.Met(), &w); err != nil {
		return w, err
	}
	if !t.Met() {
		if err := h.adopt(hello); err != nil {
			r.life.FinishLocked(stream.Fail(stream.StatusLocalPipe, err, "cannot get memory for the window"))
			w.Verdict = wire.VerdictBusy
			return w, fmt.Errorf("no memory for the window: %w", err)
		}
	}
	if len(r.hosts) < hostsMost {
		r.hosts[doors.HostOf(from)] = true
	}
	t.LinkCame()
	w.Features, w.MaxLeg, w.Credit = r.store.Grants, r.store.Most, uint32(r.store.Credit)
	w.Delivered = uint64(r.store.Ring.Next())
	return w, nil
}

// adopt starts to try the stream of a hello: it makes buffers and a ring for what its sender may send. Under Life.Mu.
func (h reception) adopt(hello wire.Hello) error {
	r := h.r
	links := int(min(max(hello.Links, 1), stream.MaxThreads))
	leg := min(int(hello.MaxLeg), r.cfg.Leg)
	size, buffers := stream.Fit(r.cfg.Window-r.coded.Takes(leg, r.cfg.Window), leg, links)
	out, made, err := r.store.MakeRoom(size, buffers, links, len(r.loops), r.life.Placed.Load().Nodes(), r.observer)
	if err != nil {
		return err
	}
	if made {
		r.out.Attach(r.store.Ring, out, r.store.Most)
	}
	r.tenure.Try(doors.ClaimOf(hello), time.Now())
	r.store.Begin(hello.Features&(r.features()|r.coded.Feature()), hello.Features&wire.FeatureChecksum != 0, hello.Stream != r.latest)
	r.latest = hello.Stream
	if r.had != nil && r.store.Grants&wire.FeatureKeep == 0 {
		observe.Tell(r.observer, observe.ResumeMissing{})
	}
	if r.cfg.Checksum && !r.store.Sums && hello.Stream != r.first.ID {
		observe.Tell(r.observer, observe.ChecksumMissing{})
	}
	r.out.Announce(int64(hello.Size))
	observe.Tell(r.observer, observe.SenderMet{
		Stream: hello.Stream, Links: links, Size: hello.Size, Leg: int64(size), Credit: uint64(r.store.Credit), Memory: r.store.Advice, Pages: r.store.Pool.Warm(),
	})
	return nil
}

// loopFor is the loop that gets a link which came in at the listener with that index: the listener's own, if it has one, unless that has
// its share of the links; then the loop with the fewest. Under Life.Mu.
func (h reception) loopFor(at int) *rxloop {
	r := h.r
	best := r.loops[at%len(r.loops)]
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

// wayOf returns the way by which a link came.
func (h reception) wayOf(id doors.WayID) *doors.Way {
	h.r.life.Mu.Lock()
	defer h.r.life.Mu.Unlock()
	w := h.r.ways[id]
	if w == nil {
		w = &doors.Way{}
		if len(h.r.ways) < waysMost {
			h.r.ways[id] = w
		}
	}
	return w
}
