package wire

import "fmt"

// Type says what a frame is.
type Type uint8

// The frame types.
const (
	TypeLeg   Type = 1 // sender: a piece of the stream
	TypeAck   Type = 2 // receiver: legs received and delivered
	TypeBeat  Type = 3 // both: this link lives
	TypeEnd   Type = 4 // sender: the whole stream was sent
	TypeDone  Type = 5 // receiver: the whole stream was delivered
	TypeBye   Type = 6 // both: this link is closed on purpose
	TypeError Type = 7 // both: the stream failed; decoded as a Fault
	TypeHole  Type = 8 // sender: a piece of the stream that is nothing but zeros; decoded as a Leg
	TypeKeep  Type = 9 // sender: a piece of the stream that the receiver has in its file; decoded as a Leg

	TypeAsk     Type = 10 // sender: what does the receiver have in its file?
	TypeDigests Type = 11 // receiver: digests of that
	TypeName    Type = 12 // sender: what its user calls the stream; decoded as a Title
	TypeCoded   Type = 13 // sender: a piece of the stream that was coded; decoded as a Leg
	TypeSize    Type = 14 // sender: how large its terminal is; decoded as a Screen
	TypeExit    Type = 15 // sender: how the program ended that has made the stream
)

// String is the name that SPEC.md uses.
func (t Type) String() string {
	switch t {
	case TypeLeg:
		return "LEG"
	case TypeAck:
		return "ACK"
	case TypeBeat:
		return "BEAT"
	case TypeEnd:
		return "END"
	case TypeDone:
		return "DONE"
	case TypeBye:
		return "BYE"
	case TypeError:
		return "ERROR"
	case TypeHole:
		return "HOLE"
	case TypeKeep:
		return "KEEP"
	case TypeAsk:
		return "ASK"
	case TypeDigests:
		return "DIGESTS"
	case TypeName:
		return "NAME"
	case TypeCoded:
		return "CODED"
	case TypeSize:
		return "SIZE"
	case TypeExit:
		return "EXIT"
	}
	return fmt.Sprintf("type %d", uint8(t))
}

// Header begins every frame. What A, B, C and Flags mean depends on Type.
//
//	 0 type u8    1 flags u8    2 zero [2]     4 length u32    8 A u64
//	16 B u64                                  24 C u32        28 crc32c of 0..27
type Header struct {
	Type   Type
	Flags  uint8
	Length uint32 // bytes of payload that follow
	A, B   uint64
	C      uint32
}

func (h Header) append(dst []byte) []byte {
	at := len(dst)
	dst = append(dst, byte(h.Type), h.Flags, 0, 0)
	dst = le.AppendUint32(dst, h.Length)
	dst = le.AppendUint64(dst, h.A)
	dst = le.AppendUint64(dst, h.B)
	dst = le.AppendUint32(dst, h.C)
	return seal(dst, at)
}

// ParseHeader decodes the first HeaderLen bytes of b and checks them: after it Length is within the range of the
// type, and numbers, offsets and counts are at most 2^63-1, so that adding a length to them cannot wrap. It allocates
// only for an error.
//
//	Header, nil             the header
//	Header{}, ErrShort      fewer than HeaderLen bytes
//	Header{}, ErrHeader     bytes changed on the way, or this is not where a frame begins
//	Header{}, ErrType       a type that version 2 does not have
//	Header{}, ErrReserved   an unknown flag, or a field that the type does not use
//	Header{}, ErrLength     Length is out of the type's range
//	Header{}, ErrCount      A or B is out of the type's range
func ParseHeader(b []byte) (Header, error) {
	if len(b) < HeaderLen {
		return Header{}, fmt.Errorf("parse header: %w: %d of %d bytes", ErrShort, len(b), HeaderLen)
	}
	b = b[:HeaderLen]
	h := Header{
		Type:   Type(b[0]),
		Flags:  b[1],
		Length: le.Uint32(b[4:]),
		A:      le.Uint64(b[8:]),
		B:      le.Uint64(b[16:]),
		C:      le.Uint32(b[24:]),
	}
	if !sealed(b) {
		return Header{}, fmt.Errorf("parse header: %w", ErrHeader)
	}
	if b[2] != 0 || b[3] != 0 {
		return Header{}, fmt.Errorf("parse header: %w", ErrReserved)
	}
	if err := h.check(); err != nil {
		return Header{}, fmt.Errorf("parse header: %w in %v: flags %#x, length %d, A %d, B %d, C %#x",
			err, h.Type, h.Flags, h.Length, h.A, h.B, h.C)
	}
	return h, nil
}

// check returns the rule of the type that h breaks: a bare sentinel, or nil.
func (h Header) check() error {
	switch h.Type {
	case TypeLeg:
		return checkLeg(h)
	case TypeAck:
		return checkAck(h)
	case TypeBeat:
		return checkBeat(h)
	case TypeEnd:
		return checkEnd(h)
	case TypeDone:
		return checkDone(h)
	case TypeBye:
		return checkBye(h)
	case TypeError:
		return checkFault(h)
	case TypeHole, TypeKeep:
		return checkBare(h)
	case TypeAsk:
		return checkAsk(h)
	case TypeDigests:
		return checkDigests(h)
	case TypeName:
		return checkTitle(h)
	case TypeCoded:
		return checkCoded(h)
	case TypeSize:
		return checkScreen(h)
	case TypeExit:
		return checkExit(h)
	}
	return ErrType
}

// checkTotals is the rule of END and DONE: two counts and nothing else.
func checkTotals(h Header) error {
	switch {
	case h.Flags != 0 || h.C != 0:
		return ErrReserved
	case h.Length != 0:
		return ErrLength
	case h.A > maxCount || h.B > maxCount:
		return ErrCount
	}
	return nil
}
