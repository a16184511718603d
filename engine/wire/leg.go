package wire

// Flags of a LEG frame.
const (
	LegChecksum = 1 << 0 // C is the checksum of the payload
	LegResent   = 1 << 1 // the leg was sent before
)

// Form is where the bytes of a leg are.
type Form uint8

// The forms.
const (
	Sent  Form = iota // they follow the header
	Hole              // nowhere: they are zeros (bare.go)
	Kept              // in the receiver's file, at their place (bare.go)
	Coded             // what they were coded to follows the header (coded.go)
)

// Leg is one piece of the stream, from sender to receiver; unless it is bare, its payload follows the header.
//
//	A number   B offset   C checksum of the payload, 0 without LegChecksum   length 1 to MaxLeg
type Leg struct {
	Number   uint64 // 0 is the first
	Offset   uint64 // bytes of the stream before this leg; Offset+Length is at most 2^63-1
	Length   uint32 // bytes of the stream, 1 to MaxLeg; of a bare leg, 1 to 2^32-1
	Checksum uint32 // CRC32C of the payload; meaningless unless Checked
	Checked  bool
	Resent   bool // for reports; a leg is the same whether or not it was sent before
	Form     Form
	Payload  uint32 // of a coded leg: bytes that follow its header; else 0, and meaningless
	Steps    uint8  // likewise: which steps of the chain were applied, a bit for each, the first one lowest
}

// Append appends the HeaderLen bytes of the header of l to dst; the payload is the caller's to send. It allocates only
// if dst has no room.
func (l Leg) Append(dst []byte) []byte {
	switch {
	case l.Bare():
		return l.appendBare(dst)
	case l.Form == Coded:
		return l.appendCoded(dst)
	}
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

// Leg returns the fields of a header that is a leg's (Header.IsLeg).
func (h Header) Leg() Leg {
	switch h.Type {
	case TypeCoded:
		return h.codedLeg()
	case TypeHole, TypeKeep:
		return h.bareLeg()
	}
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
