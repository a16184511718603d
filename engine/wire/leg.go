package wire

// Flags of a LEG frame.
const (
	LegChecksum = 1 << 0 // C is the checksum of the payload
	LegResent   = 1 << 1 // the leg was sent before
)

// Leg is one piece of the stream, from sender to receiver; its payload follows the header.
//
//	A number   B offset   C checksum of the payload, 0 without LegChecksum   length 1 to MaxLeg
type Leg struct {
	Number   uint64 // 0 is the first
	Offset   uint64 // bytes of the stream before this leg; Offset+Length is at most 2^63-1
	Length   uint32 // bytes of payload, 1 to MaxLeg
	Checksum uint32 // CRC32C of the payload; meaningless unless Checked
	Checked  bool
	Resent   bool // for reports; a leg is the same whether or not it was sent before
}

// Append appends the HeaderLen bytes of the header of l to dst; the payload is the caller's to send. It allocates only
// if dst has no room.
func (l Leg) Append(dst []byte) []byte {
	h := Header{Type: TypeLeg, Length: l.Length, A: l.Number, B: l.Offset}
	if l.Checked {
		h.Flags |= LegChecksum
		h.C = l.Checksum
	}
	if l.Resent {
		h.Flags |= LegResent
	}
	return h.append(dst)
}

// Leg returns the fields of a header of TypeLeg.
func (h Header) Leg() Leg {
	return Leg{
		Number:   h.A,
		Offset:   h.B,
		Length:   h.Length,
		Checksum: h.C,
		Checked:  h.Flags&LegChecksum != 0,
		Resent:   h.Flags&LegResent != 0,
	}
}

func checkLeg(h Header) error {
	switch {
	case h.Flags&^(LegChecksum|LegResent) != 0:
		return ErrReserved
	case h.Flags&LegChecksum == 0 && h.C != 0:
		return ErrReserved
	case h.Length < 1 || h.Length > MaxLeg:
		return ErrLength
	case h.A >= maxCount || h.B > maxCount-uint64(h.Length):
		return ErrCount
	}
	return nil
}
