package engine_test

import (
	"bytes"
	"fmt"
	"testing"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// Two copies of a leg, of which a part may be out already, say different things of its length or place: the stream ends with
// status 4, and what came out is its beginning.
//
//	link 0:  leg |----- half |
//	link 1:  leg |--|            or longer, or elsewhere
func TestCopiesThatDiffer(t *testing.T) {
	const leg = 64 << 10
	for _, kind := range []enginetest.Kind{enginetest.KindPipe, enginetest.KindFile, enginetest.KindAppend, enginetest.KindNull} {
		for _, number := range []int{0, 2} {
			for _, other := range []wire.Leg{
				{Length: 100}, {Length: leg - 1}, {Offset: leg, Length: leg},
			} {
				name := fmt.Sprintf("leg %d to a %v, %d bytes at %d", number, kind, other.Length, other.Offset)
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					copiesThatDiffer(t, kind, number, other)
				})
			}
		}
	}
}

func copiesThatDiffer(t *testing.T, kind enginetest.Kind, number int, other wire.Leg) {
	s := newStream(4, 64<<10)
	rx := receive(t, rig.Setup{Options: engine.Options{CPUs: unpinned(2), Threads: 2}}, kind, nil)
	var got <-chan []byte
	if rx.stdio.Far != nil {
		got = rx.consume()
	}
	first, second := rx.link(0), rx.link(1)
	half := s.frame(number)[:wire.HeaderLen+s.leg/2]
	if number > 0 {
		first.send(s.frame(0))
		first.untilReceived(1)
	}
	first.send(half)
	first.untilEcho(t)
	other.Number = uint64(number)
	other.Offset += uint64(number * s.leg)
	second.send(other.Append(nil))
	f := second.untilType(wire.TypeError)
	if engine.Status(f.A) != engine.StatusIntegrity {
		t.Errorf("the sender is told status %d", f.A)
	}
	first.c.Close()
	second.c.Close()
	rx.wants(engine.StatusIntegrity)
	var out []byte
	if got != nil {
		out = <-got
	} else if kind != enginetest.KindNull {
		out = rx.content()
	}
	if !bytes.HasPrefix(s.data, out) {
		t.Errorf("%d bytes came out, which are not the beginning of the stream", len(out))
	}
}

// untilEcho returns when the receiver has begun the leg whose beginning was sent last: what the socket holds of it is gone.
func (h *hand) untilEcho(t *testing.T) {
	t.Helper()
	h.until(func(f wire.Header, _ []byte) bool { return f.Type == wire.TypeBeat }) // a tick has looked at the link
	h.until(func(f wire.Header, _ []byte) bool { return f.Type == wire.TypeBeat })
}
