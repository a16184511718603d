package wire

// End says that the source has ended and how long the stream is, from sender to receiver. It may come before the last
// legs, on any link and on several.
//
//	A legs   B bytes   length 0
type End struct {
	Legs  uint64 // of the whole stream
	Bytes uint64 // of the whole stream
}

// Append appends the HeaderLen bytes of e to dst.
func (e End) Append(dst []byte) []byte {
	return Header{Type: TypeEnd, A: e.Legs, B: e.Bytes}.append(dst)
}

// End returns the fields of a header of TypeEnd.
func (h Header) End() End { return End{Legs: h.A, Bytes: h.B} }

func checkEnd(h Header) error { return checkTotals(h) }
