package wire

// Flags of a DONE frame.
const (
	DoneEarly = 1 << 0 // the consumer stopped before the end, with the permission of the receiver's user
)

// Done says that the whole stream is written to the sink, from receiver to sender. Its counts are those of the End. With Early
// the consumer wanted no more than this, which is a success too; the End may not have been sent yet.
//
//	flag DoneEarly   A legs   B bytes   length 0
type Done struct {
	Legs  uint64 // delivered
	Bytes uint64 // delivered; with Early, as far as the consumer has read them
	Early bool
}

// Append appends the HeaderLen bytes of d to dst.
func (d Done) Append(dst []byte) []byte {
	h := Header{Type: TypeDone, A: d.Legs, B: d.Bytes}
	if d.Early {
		h.Flags |= DoneEarly
	}
	return h.append(dst)
}

// Done returns the fields of a header of TypeDone.
func (h Header) Done() Done { return Done{Legs: h.A, Bytes: h.B, Early: h.Flags&DoneEarly != 0} }

func checkDone(h Header) error {
	h.Flags &^= DoneEarly
	return checkTotals(h)
}
