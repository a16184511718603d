package store

import (
	"fmt"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/receive/claims"
	"viamillipede/engine/receive/egress"
	"viamillipede/engine/ring"
	"viamillipede/engine/wire"
)

// Begin makes ready for the legs of a stream with these features; another is whether it is not the one that was tried before.
func (s *Store) Begin(features uint32, checked, another bool) {
	s.Grants, s.Sums = features, checked
	s.claims = claims.New(s.Credit)
	if another {
		s.damage.Forget()
	}
}

// Wants reports whether a leg is new, and may be what it says. An error ends the link.
func (s *Store) Wants(l wire.Leg) (useful bool, err error) {
	if s.Ring.Has(ring.Seq(l.Number)) {
		return false, nil
	}
	if d := ring.Seq(l.Number).Distance(s.Ring.Next()); d >= int64(s.Credit) {
		return false, fmt.Errorf("leg %d is %d beyond what was delivered, more than the credit of %d", l.Number, d, s.Credit)
	}
	if first, ok := s.claims.Agrees(l); !ok {
		// Of a stream that is only tried too: no accident does that. The link stays, to carry the word of it.
		err := fmt.Errorf("%d bytes at byte %d, and %d at byte %d before", l.Length, l.Offset, first.Length, first.Offset)
		if l.Form != first.Form {
			err = fmt.Errorf("they are not of the same form")
		}
		s.Fail(stream.Fail(stream.StatusIntegrity, err, "two copies of leg %d differ", l.Number))
		return false, nil
	}
	return true, nil
}

// Buffer gives a leg memory, from the shard of that loop; nil: there is none.
func (s *Store) Buffer(l wire.Leg, loop int) *egress.Leg {
	buf := s.Pool.Get(loop)
	if buf == nil {
		return nil
	}
	leg := &s.Legs[buf.Index()]
	*leg = egress.Leg{Leg: l, Buf: buf}
	return leg
}

// Verify checks the payload. A leg's first mismatch costs its link, so that the leg is sent again. The second ends the stream,
// even one that is only being tried, because the sender itself has other bytes than it announced and would send them for ever.
// The link then stays, to carry the news: it may be the only one.
func (s *Store) Verify(l *egress.Leg) (whole bool, err error) {
	sum := wire.Checksum(l.Bytes())
	if sum == l.Checksum {
		return true, nil
	}
	here := func(n uint64) bool { return s.Ring.Has(ring.Seq(n)) }
	again := s.damage.Again(l.Number, here)
	err = fmt.Errorf("leg %d has checksum %08x, %08x was announced", l.Number, sum, l.Leg.Checksum)
	if again && !here(l.Number) { // else there is an intact copy
		s.Fail(stream.Fail(stream.StatusIntegrity, err, "the stream is damaged, and was damaged again when it was resent"))
		return false, nil
	}
	return false, err
}
