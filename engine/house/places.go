package house

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"time"

	"viamillipede/engine/doors"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/wire"
)

// peer names one: by its stream or, where there are pairs, by its receiver.
type peer [len(wire.StreamID{})]byte

// Why a guest is for nobody here.
var (
	errElsewhere = errors.New("a sender or receiver whose stream began elsewhere")
	errFirst     = errors.New("a sender of version 1, whose connections do not say which stream is theirs: keep needs version 2")
	errCalls     = errors.New("a receiver, and nobody sends here: exactly one of tx and rx has to listen")
	errSends     = errors.New("a sender, and nobody receives here: exactly one of tx and rx has to listen")
)

// visitor is a guest, as far as it matters here.
type visitor struct {
	peer  peer
	begun bool // its stream has
	from  net.Addr
}

// know finds out who a guest is. An error is a refusal.
func (h *House) know(from net.Addr, hello *wire.Hello, call *wire.Call) (g visitor, v wire.Verdict, err error) {
	g.from = from
	var claim doors.Claim
	switch {
	case hello != nil && !h.cfg.Receives:
		return g, wire.VerdictRole, errSends
	case hello != nil:
		g.begun = hello.Flags&wire.FlagResume != 0
		if g.peer = peer(hello.Stream); h.cfg.pairs() {
			g.peer = ofReceiver(hello.Stream.Receiver())
		}
		claim = doors.ClaimOf(*hello)
	case call == nil:
		return g, wire.VerdictVersion, errFirst
	case !h.cfg.Sends:
		return g, wire.VerdictRole, errCalls
	default:
		g.begun, g.peer = call.Flags&wire.FlagResume != 0, ofReceiver(call.Receiver)
		claim = doors.Claim{Phrase: call.Phrase, Link: uint32(call.Link), Links: uint32(call.Links)}
	}
	claim.Elsewhere = false // that is not known yet
	anybody := doors.NewTenure("peer")
	v, err = anybody.Judge(claim, h.cfg.Phrase)
	return g, v, err
}

// ofReceiver names a peer by its receiver.
func ofReceiver(id uint64) (p peer) {
	binary.LittleEndian.PutUint64(p[:], id)
	return p
}

// Room implements doors.House. A peer for which there is no place is told so at once when it is new. From then on its links are kept waiting
// for a while: the first that is still there gets the place as soon as it is free.
func (h *House) Room(ctx context.Context, from net.Addr, hello *wire.Hello, call *wire.Call) (*doors.Tenants, func(), wire.Verdict, error) {
	g, v, err := h.know(from, hello, call)
	if err != nil {
		return nil, nil, v, err
	}
	held, end := context.WithTimeout(ctx, h.cfg.Timing.Yield)
	defer end()
	for {
		found := h.find(g)
		switch {
		case found.err != nil:
			return nil, nil, found.verdict, found.err
		case found.wait != nil:
			over := h.await(held, g, found.wait)
			if over {
				return nil, nil, wire.VerdictTurn, doors.ErrWaits
			}
			continue
		case found.fresh:
			h.furnish(found.room)
		}
		r := found.room
		select {
		case <-r.ready:
		case <-ctx.Done():
			h.left(r)
			return nil, nil, wire.VerdictTurn, context.Canceled
		}
		if r.err != nil {
			h.left(r)
			return nil, nil, wire.VerdictEnds, r.err
		}
		return &r.Tenants, func() { h.left(r) }, wire.VerdictOK, nil
	}
}

// place is what find has found for a guest: a room; or what to wait for; or why it is refused.
type place struct {
	room    *Room
	fresh   bool // the caller has to furnish it
	wait    <-chan struct{}
	verdict wire.Verdict
	err     error
}

// find finds a place for a guest, who is heard there until left is called.
func (h *House) find(g visitor) place {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.rooms[g.peer]
	switch {
	case r != nil && (r.over || r.turned):
		return place{wait: r.gone}
	case r != nil:
		r.hearing++
		return place{room: r}
	case h.past.has(g.peer):
		return place{verdict: wire.VerdictUnknown, err: doors.ErrOver}
	case g.begun:
		return place{verdict: wire.VerdictUnknown, err: errElsewhere}
	case h.closing:
		return place{verdict: wire.VerdictTurn, err: doors.ErrWaits}
	}
	now := time.Now()
	at, t := h.queue.find(g.peer)
	switch {
	case at < h.cfg.Most-len(h.rooms):
		h.queue.drop(t)
		return place{room: h.open(g, now), fresh: true}
	case t == nil:
		if h.queue.join(g.peer, now) {
			observe.Tell(h.cfg.Observer, observe.PeerWaits{From: g.from, Before: at})
		}
		return place{verdict: wire.VerdictTurn, err: doors.ErrWaits}
	}
	t.held++
	return place{wait: h.turn}
}

// await waits for what find says, and reports whether that has taken too long.
func (h *House) await(ctx context.Context, g visitor, wait <-chan struct{}) (over bool) {
	select {
	case <-wait:
	case <-ctx.Done():
		over = true
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, t := h.queue.find(g.peer); t != nil && t.held > 0 {
		t.held, t.seen = t.held-1, time.Now()
	}
	return over
}

// nextTurn makes those who wait look again. Under mu.
func (h *House) nextTurn() {
	close(h.turn)
	h.turn = make(chan struct{})
}

// open makes a room, in which a guest is heard. Under mu.
func (h *House) open(g visitor, now time.Time) *Room {
	h.count++
	h.stays.Add(1)
	r := &Room{
		house: h, peer: g.peer, number: h.count, from: g.from, opened: now, hearing: 1,
		ready: make(chan struct{}), gone: make(chan struct{}),
	}
	h.rooms[g.peer] = r
	return r
}

// furnish has the ends of a room made, and run.
func (h *House) furnish(r *Room) {
	defer close(r.ready)
	ctx, end := context.WithCancelCause(h.streams)
	run, err := h.make(r)
	h.mu.Lock()
	r.made, r.end = true, end
	h.mu.Unlock()
	if err != nil {
		r.err = err
		end(nil)
		h.vacate(r)
		return
	}
	go func() {
		defer h.vacate(r)
		defer end(nil)
		defer stream.Caught("a stream", h.cfg.Observer, func(*stream.Error) {})
		run(ctx)
	}()
}

// make has the ends made.
func (h *House) make(r *Room) (run func(context.Context), err error) {
	defer stream.Caught("a stream", h.cfg.Observer, func(e *stream.Error) { err = e })
	return h.cfg.Open(r)
}

// left notes that a guest is not heard any more.
func (h *House) left(r *Room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.hearing--; r.hearing == 0 {
		h.rouse() // it may have been the only one, and refused
	}
}

// vacate gives the place of a room to others.
func (h *House) vacate(r *Room) {
	defer h.stays.Done()
	h.mu.Lock()
	defer h.mu.Unlock()
	if delete(h.rooms, r.peer); r.Owned() {
		h.past.add(r.peer)
	}
	r.over = true
	close(r.gone)
	h.nextTurn()
	h.rouse()
}

// all are the rooms.
func (h *House) all() (rooms []*Room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.rooms {
		rooms = append(rooms, r)
	}
	return rooms
}

// Expects implements doors.House.
func (h *House) Expects(from net.Addr) bool {
	for _, r := range h.all() {
		if r.Expects(from) {
			return true
		}
	}
	return false
}

// LinksUp implements doors.House.
func (h *House) LinksUp() (n int) {
	for _, r := range h.all() {
		n += r.LinksUp()
	}
	return n
}
