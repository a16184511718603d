package egress

import (
	"sync/atomic"

	"viamillipede/bufpool"
	"viamillipede/engine/wire"
)

// Leg is a leg at the receiving end. It belongs to the link that receives it until it is published in the ring, then to
// the holder of the delivery turn.
type Leg struct {
	wire.Leg
	Buf    *bufpool.Buffer // nil: the sink has all of it already
	Placed bool            // the sink has it, at its place
	Freed  func()          // called by Release, where whoever made the leg wants to know; nil: nobody does
	// Decoded says, of a coded leg, that its own bytes are in the buffer.
	Decoded atomic.Bool
}

// ready reports whether the leg can be delivered.
func (l *Leg) ready() bool { return l.Form != wire.Coded || l.Decoded.Load() }

// Bytes is the payload, as far as it is in; there must be a buffer. It is valid until Release.
func (l *Leg) Bytes() []byte { return l.Buf.Bytes()[:l.Length] }

// Release gives the buffer back, if there is one. It is called once. The leg goes with its buffer: whoever gets that may already be
// making another leg of it.
func (l *Leg) Release() {
	freed := l.Freed
	if l.Buf != nil {
		l.Buf.Release()
	}
	if freed != nil {
		freed()
	}
}
