package receive

import (
	"viamillipede/bufpool"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/receive/claims"
	"viamillipede/engine/receive/egress"
	"viamillipede/engine/ring"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// store is what the legs of a stream come in: memory for its window, the ring, and what is known of each leg. It is made by the first
// hello of a stream, before any loop has a link of it, and does not change as long as there is one.
type store struct {
	pool   *bufpool.Pool
	advice bufpool.Advice            // of the pool, as last told to the observer
	ring   *ring.Ring[egress.Leg]    // anybody may inspect it; the consumer's end is the Delivery's
	legsIn ring.Producer[egress.Leg] // its producer's end, for the loops: each publishes the legs of its links
	legs   []egress.Leg              // by the index of their buffer
	most   uint32                    // of a leg, in bytes
	credit int                       // legs
	sums   bool                      // every leg has a checksum
	grants uint32                    // features
	claims *claims.Claims

	ackEvery int // bytes; schedule.AckEvery, or less where the window is small
}

// makeRoom gets memory for so many buffers of that size, for a stream of so many links, unless the memory of a stream tried before
// fits: there is that of one stream, made for the first and kept for the next. Nothing of a stream that was only tried is in the sink
// or in the ring: what was left of it was in links that are gone. Each loop has a shard, on the node of that index. made: the ring is
// new, and legs leave it at out.
func (s *store) makeRoom(size, buffers, links, loops int, nodes []int, to observe.Observer) (out ring.Consumer[egress.Leg], made bool, err error) {
	if s.pool != nil && int(s.most) == size && len(s.legs) == buffers && s.credit == buffers-links {
		return out, false, nil
	}
	s.close(to)
	pool, err := bufpool.New(bufpool.Config{Shards: loops, Nodes: nodes, Buffers: buffers, Size: size})
	if err != nil {
		return out, false, err
	}
	// A link may be in the middle of a leg that another link has already brought. So the peer's credit leaves a buffer for each
	// link, and whatever the peer sends within the credit finds room.
	s.pool, s.advice, s.credit, s.most = pool, pool.Advice(), buffers-links, uint32(size)
	s.ackEvery = min(schedule.AckEvery, s.credit*size/8) / loops // what all loops together owe is bounded
	s.legs = make([]egress.Leg, buffers)
	s.ring, s.legsIn, out = ring.New[egress.Leg](s.credit, 0)
	return out, true, nil
}

// early reports whether a leg has to wait for others.
func (s *store) early(l wire.Leg) bool { return ring.Seq(l.Number).Distance(s.ring.Next()) > 0 }

// close gives the memory back, if there is any.
func (s *store) close(to observe.Observer) {
	if s.pool != nil {
		stream.ClosePool(s.pool, s.advice, to)
		s.pool = nil
	}
}
