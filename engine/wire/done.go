package wire

// Done says that the whole stream is written to the sink, from receiver to sender. Its counts are those of the End.
//
//	A legs   B bytes   length 0
type Done struct {
	Legs  uint64 // delivered
	Bytes uint64 // delivered
}

// Append appends the HeaderLen bytes of d to dst.
func (d Done) Append(dst []byte) []byte {
	return Header{Type: TypeDone, A: d.Legs, B: d.Bytes}.append(dst)
}

// Done gives the fields of a header of TypeDone.
func (h Header) Done() Done { return Done{Legs: h.A, Bytes: h.B} }

func checkDone(h Header) error { return checkTotals(h) }
