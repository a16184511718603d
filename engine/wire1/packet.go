package wire1

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// What both ends have to know.
const (
	PhraseLen = 4       // bytes of the phrase that a connection begins with
	HeaderLen = 40      // bytes of a packet's header
	MaxLeg    = 2 << 20 // bytes of a leg
	MaxLinks  = 16      // connections of a stream, one for each worker of the original
	Answer    = "ok"    // to a phrase that is the receiver's own
)

// DefaultPhrase is that of an end whose user gives no checkphrase.
var DefaultPhrase = [PhraseLen]byte{'y', 'o', 'e', 's'}

const preamble = 0xa5a5a5a55a5a5a5a

// Opcode is what a packet is.
type Opcode uint64

// The opcodes.
const (
	Leg Opcode = 0xcafe // a piece of the stream
	End Opcode = 0xdead // the end: Number is the count of legs
)

// Packet is the header of a packet: five numbers of 64 bits in the order of the original's host, which is little-endian.
//
//	0 preamble   8 number   16 size   24 checksum   32 opcode; then so many bytes as size says
type Packet struct {
	Number   uint64 // of the leg, from 0; of an End, the count of legs
	Size     uint64 // bytes of payload that follow, 0 to MaxLeg; 0 for an End
	Checksum uint64 // of the leg, 32 bits; 0: the sender computes none
	Opcode   Opcode
}

// Why a header does not parse; errors.Is tells them apart.
var (
	ErrPreamble = errors.New("no packet of version 1 begins like this")
	ErrOpcode   = errors.New("no such opcode in version 1")
	ErrSize     = errors.New("a size that version 1 does not have")
	ErrChecksum = errors.New("a checksum of more than 32 bits")
)

// Append appends the HeaderLen bytes of p to dst.
func (p Packet) Append(dst []byte) []byte {
	for _, field := range [...]uint64{preamble, p.Number, p.Size, p.Checksum, uint64(p.Opcode)} {
		dst = binary.LittleEndian.AppendUint64(dst, field)
	}
	return dst
}

// Parse decodes the HeaderLen bytes of b.
func Parse(b *[HeaderLen]byte) (Packet, error) {
	field := func(i int) uint64 { return binary.LittleEndian.Uint64(b[8*i:]) }
	p := Packet{Number: field(1), Size: field(2), Checksum: field(3), Opcode: Opcode(field(4))}
	switch {
	case field(0) != preamble:
		return Packet{}, fmt.Errorf("%w: %#x", ErrPreamble, field(0))
	case p.Opcode != Leg && p.Opcode != End:
		return Packet{}, fmt.Errorf("%w: %#x", ErrOpcode, field(4))
	case p.Size > MaxLeg, p.Opcode == End && p.Size != 0:
		return Packet{}, fmt.Errorf("%w: %d bytes", ErrSize, p.Size)
	case p.Checksum > 1<<32-1:
		return Packet{}, fmt.Errorf("%w: %#x", ErrChecksum, p.Checksum)
	}
	return p, nil
}

// Speaks reports whether a connection whose first bytes these are may be one of version 1, for a receiver with that phrase; whole says
// that it is. A phrase that does not begin with a printable character belongs to no version 1: such a byte begins version 2.
func Speaks(b []byte, phrase [PhraseLen]byte) (maybe, whole bool) {
	if phrase == ([PhraseLen]byte{}) {
		phrase = DefaultPhrase
	}
	if phrase[0] < 0x20 || phrase[0] > 0x7e {
		return false, false
	}
	n := min(len(b), PhraseLen)
	maybe = string(b[:n]) == string(phrase[:n])
	return maybe, maybe && n == PhraseLen
}
