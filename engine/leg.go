package engine

import (
	"viamillipede/bufpool"
	"viamillipede/engine/wire"
)

// rxleg is a leg at the receiving end. It belongs to the link that receives it until it is published in the ring, then to
// the holder of the delivery turn.
type rxleg struct {
	wire.Leg
	buf    *bufpool.Buffer // nil: the sink has all of it already
	placed bool            // the sink has it, at its place
}

func (l *rxleg) bytes() []byte { return l.buf.Bytes()[:l.Length] }

// release gives the buffer back, if there is one.
func (l *rxleg) release() {
	if l.buf != nil {
		l.buf.Release()
	}
}
