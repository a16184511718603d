package wire

// Flags of a BYE frame.
const (
	ByeStream = 1 << 0 // the whole stream is finished and confirmed
)

// Bye says that this link is closed on purpose: its end is no fault. It is the last frame of its direction.
//
//	flag ByeStream   length 0
type Bye struct {
	Stream bool // the whole stream is finished and confirmed, not only this link
}

// Append appends the HeaderLen bytes of b to dst.
func (b Bye) Append(dst []byte) []byte {
	h := Header{Type: TypeBye}
	if b.Stream {
		h.Flags |= ByeStream
	}
	return h.append(dst)
}

// Bye gives the fields of a header of TypeBye.
func (h Header) Bye() Bye { return Bye{Stream: h.Flags&ByeStream != 0} }

func checkBye(h Header) error {
	switch {
	case h.Flags&^ByeStream != 0 || h.A != 0 || h.B != 0 || h.C != 0:
		return ErrReserved
	case h.Length != 0:
		return ErrLength
	}
	return nil
}
