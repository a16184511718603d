package engine

import (
	"viamillipede/bufpool"
	"viamillipede/engine/wire"
)

// rxleg is a leg at the receiving end. It belongs to the link that receives it until it is published in the ring, then to
// the holder of the delivery turn.
type rxleg struct {
	wire.Leg
	Buf    *bufpool.Buffer // nil: the sink has all of it already
	Placed bool            // the sink has it, at its place
}

func (l *rxleg) Bytes() []byte { return l.Buf.Bytes()[:l.Length] }

// Release gives the buffer back, if there is one.
func (l *rxleg) Release() {
	if l.Buf != nil {
		l.Buf.Release()
	}
}
