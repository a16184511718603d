package egress

import (
	"bytes"
	"io"
	"os"
	"testing"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/loop"
	"viamillipede/engine/ring"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// splices is a connection from which bytes go into a sink.
type splices struct {
	stream.Mover
	left []byte
}

func (s *splices) Splice(to *netio.Sink, most int) (int, error) {
	n, err := to.Write(s.left[:min(most, len(s.left))])
	s.left = s.left[n:]
	return n, err
}

// rig is a Delivery into a pipe, and the loop that has the turn.
type rig struct {
	*Delivery
	in     ring.Producer[Leg]
	at     *loop.Loop
	far    *os.File
	failed chan *stream.Error
}

func newRig(t *testing.T) rig {
	t.Helper()
	far, near, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close(); near.Close() })
	d, in, failed := deliveryTo(t, near)
	at, err := loop.New(0, -1, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(at.Close)
	return rig{d, in, at, far, failed}
}

// reads takes that many bytes out of the pipe.
func (r rig) reads(t *testing.T, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	r.far.SetReadDeadline(time.Now().Add(soon))
	if got, err := io.ReadFull(r.far, b); err != nil {
		t.Fatalf("%d of %d bytes came out: %v", got, n, err)
	}
	return b
}

// A leg of which a part was cut through goes on where the sink is, from whatever copy comes next, and every byte goes out once.
//
//	link 0:  leg 0 |--- 10000 ---X
//	buffer:        |----------------------|
//	sink:          |--- 10000 ---|--------|
func TestPulledLegGoesOnFromItsCopy(t *testing.T) {
	const length = 32 << 10
	r := newRig(t)
	leg := legOf(t, 0, 0, length)
	for i := range leg.Bytes() {
		leg.Bytes()[i] = byte(i * 7 >> 3)
	}
	want := bytes.Clone(leg.Bytes())
	if !r.TakeTurn(r.at) {
		t.Fatal("somebody has the turn")
	}
	if r.TakeTurn(r.at) {
		t.Fatal("two have the turn")
	}
	if has, ok := r.Wants(0); has != 0 || !ok {
		t.Fatalf("the sink has %d bytes of the head leg, and wants more: %v", has, ok)
	}
	const part = 10000
	from := &splices{left: want}
	for has := 0; has < part; { // a call may move less than it was asked to
		n, err := r.Pull(&Leg{Leg: leg.Leg}, from, nil, part-has)
		if n <= 0 || err != nil {
			t.Fatal(n, err)
		}
		has += n
	}
	if has, ok := r.Wants(0); has != part || !ok {
		t.Errorf("the sink has %d bytes of the head leg, and wants more: %v", has, ok)
	}
	r.LeaveTurn()
	if out := r.in.Publish(0, leg); out != ring.Published {
		t.Fatal(out)
	}
	if _, ok := r.Wants(0); ok {
		t.Error("the sink wants a leg of which a whole copy is here")
	}
	r.Deliver(r.at)
	if got := r.reads(t, length); !bytes.Equal(got, want) {
		t.Error("other bytes came out")
	}
	if _, ok := r.Wants(0); ok || r.Written() != length {
		t.Errorf("the sink has %d bytes, and wants the leg again: %v", r.Written(), ok)
	}
}

// A leg that does not begin where the one before it ended fails the stream.
func TestLegOutOfPlace(t *testing.T) {
	r := newRig(t)
	first, second := legOf(t, 0, 0, 4096), legOf(t, 1, 4095, 4096)
	r.in.Publish(0, first)
	r.in.Publish(1, second)
	r.Deliver(r.at)
	select {
	case err := <-r.failed:
		if err.Status != stream.StatusIntegrity {
			t.Errorf("status %d, %v", err.Status, err)
		}
	case <-time.After(soon):
		t.Fatal("the stream goes on")
	}
	if r.Written() != 4096 || r.Writes() {
		t.Errorf("the sink has %d bytes, and takes more: %v", r.Written(), r.Writes())
	}
}

// Nothing goes to the sink before the stream is the receiver's own.
func TestNothingBeforeBegin(t *testing.T) {
	r := newRig(t)
	r.phase.Store(int32(untouched))
	leg := legOf(t, 0, 0, 32<<10)
	if r.CutsNow(leg.Leg, nil) {
		t.Error("the first leg is cut through")
	}
	r.in.Publish(0, leg)
	if r.Deliver(r.at); r.Written() != 0 {
		t.Errorf("%d bytes are in the sink", r.Written())
	}
	r.Begin()
	if r.Deliver(r.at); r.Written() != 32<<10 {
		t.Errorf("%d bytes are in the sink", r.Written())
	}
	if !r.CutsNow(wire.Leg{Number: 1, Offset: 32 << 10, Length: 32 << 10}, nil) {
		t.Error("the head leg is not cut through")
	}
}

// Where the consumer has gone before the first leg, that leg is not thrown away: it makes the stream the receiver's own.
func TestFirstLegForNobody(t *testing.T) {
	r := newRig(t)
	r.phase.Store(int32(untouched))
	if !r.TakeTurn(r.at) {
		t.Fatal("somebody has the turn")
	}
	r.consumerGone(nil)
	if r.CutsNow(wire.Leg{Length: 32 << 10}, nil) {
		t.Error("a leg goes to a sink that takes nothing")
	}
	r.LeaveTurn()
	select {
	case <-r.ended:
	case <-time.After(soon):
		t.Fatal("the end of the sink does not come")
	}
}
