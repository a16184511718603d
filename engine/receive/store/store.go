// Package store is what the legs of a stream come in: memory, the ring that orders them, and what their headers said.
//
//	store.go  memory for a window
//	leg.go    whether a leg is wanted, and whole
package store

import (
	"viamillipede/bufpool"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/receive/claims"
	"viamillipede/engine/receive/egress"
	"viamillipede/engine/receive/inspect"
	"viamillipede/engine/ring"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// Store is what the legs of a stream come in: memory for its window, the ring, and what is known of each leg. It is made by the first
// hello of a stream, before any loop has a link of it, and does not change as long as there is one.
type Store struct {
	Pool   *bufpool.Pool
	Advice bufpool.Advice            // of the pool, as last told to the observer
	Ring   *ring.Ring[egress.Leg]    // anybody may inspect it; the consumer's end is the Delivery's
	LegsIn ring.Producer[egress.Leg] // its producer's end, for the loops: each publishes the legs of its links
	Legs   []egress.Leg              // by the index of their buffer
	Most   uint32                    // of a leg, in bytes
	Credit int                       // legs
	Sums   bool                      // every leg has a checksum
	Grants uint32                    // features

	Fail func(*stream.Error) // ends the stream; set by the owner

	claims *claims.Claims
	damage inspect.Damage // legs whose payload once failed its checksum

	AckEvery int // bytes; schedule.AckEvery, or less where the window is small
}

// MakeRoom gets memory for so many buffers of that size, for a stream of so many links, unless the memory of a stream tried before
// fits: there is that of one stream, made for the first and kept for the next. Nothing of a stream that was only tried is in the sink
// or in the ring: what was left of it was in links that are gone. Each loop has a shard, on the node of that index. made: the ring is
// new, and legs leave it at out.
func (s *Store) MakeRoom(size, buffers, links, loops int, nodes []int, to observe.Observer) (out ring.Consumer[egress.Leg], made bool, err error) {
	if s.Pool != nil && int(s.Most) == size && len(s.Legs) == buffers && s.Credit == buffers-links {
		return out, false, nil
	}
	s.Close(to)
	pool, err := bufpool.New(bufpool.Config{Shards: loops, Nodes: nodes, Buffers: buffers, Size: size})
	if err != nil {
		return out, false, err
	}
	// A link may be in the middle of a leg that another link has already brought. So the peer's credit leaves a buffer for each
	// link, and whatever the peer sends within the credit finds room.
	s.Pool, s.Advice, s.Credit, s.Most = pool, pool.Advice(), buffers-links, uint32(size)
	s.AckEvery = min(schedule.AckEvery, s.Credit*size/8) / loops // what all loops together owe is bounded
	s.Legs = make([]egress.Leg, buffers)
	s.Ring, s.LegsIn, out = ring.New[egress.Leg](s.Credit, 0)
	return out, true, nil
}

// Early reports whether a leg has to wait for others.
func (s *Store) Early(l wire.Leg) bool { return ring.Seq(l.Number).Distance(s.Ring.Next()) > 0 }

// Close gives the memory back, if there is any.
func (s *Store) Close(to observe.Observer) {
	if s.Pool != nil {
		stream.ClosePool(s.Pool, s.Advice, to)
		s.Pool = nil
	}
}
