package receive

import (
	"time"

	"viamillipede/bufpool"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/receive/egress"
	"viamillipede/engine/ring"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// adopt starts to try the stream of a hello: it makes buffers and a ring for what its sender may send. Under Life.Mu.
func (r *Receiver) adopt(h wire.Hello) error {
	links := int(min(max(h.Links, 1), stream.MaxThreads))
	size, buffers := stream.Fit(r.cfg.Window, min(int(h.MaxLeg), r.cfg.Leg), links)
	if err := r.makeRoom(size, buffers, links); err != nil {
		return err
	}
	if h.Stream != r.latest {
		clear(r.bad)
		r.latest = h.Stream
	}
	r.claims = newClaims(r.credit)
	r.tenure.Try(h, time.Now())
	r.sums = h.Features&wire.FeatureChecksum != 0
	if r.cfg.Checksum && !r.sums {
		observe.Tell(r.observer, observe.ChecksumMissing{})
	}
	r.out.Announce(int64(h.Size))
	observe.Tell(r.observer, observe.SenderMet{
		Stream: h.Stream, Links: links, Leg: int64(size), Credit: uint64(r.credit), Memory: r.advice, Pages: r.pool.Warm(),
	})
	return nil
}

// makeRoom gets memory for the window, unless the memory of a stream tried before fits: there is that of one stream, made for the
// first and kept for the next. Nothing of a stream that was only tried is in the sink or in the ring: what was left of it was in links
// that are gone. Under Life.Mu.
func (r *Receiver) makeRoom(size, buffers, links int) error {
	if r.pool != nil && int(r.most) == size && len(r.legs) == buffers && r.credit == buffers-links {
		return nil
	}
	if r.pool != nil {
		stream.ClosePool(r.pool, r.advice, r.observer)
		r.pool = nil
	}
	pool, err := bufpool.New(bufpool.Config{Shards: len(r.loops), Nodes: r.life.Placed.Load().Nodes(), Buffers: buffers, Size: size})
	if err != nil {
		return err
	}
	// A link may be in the middle of a leg that another link has already brought. So the peer's credit leaves a buffer for each
	// link, and whatever the peer sends within the credit finds room.
	r.pool, r.advice, r.credit, r.most = pool, pool.Advice(), buffers-links, uint32(size)
	r.ackEvery = min(schedule.AckEvery, r.credit*size/8) / len(r.loops) // what all loops together owe is bounded
	r.legs = make([]egress.Leg, buffers)
	legs, in, out := ring.New[egress.Leg](r.credit, 0)
	r.ring, r.legsIn = legs, in
	r.out.Attach(legs, out, r.most)
	return nil
}
