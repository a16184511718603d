package wire

import (
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
)

var le = binary.LittleEndian

// Checksum is the CRC32C (Castagnoli polynomial, RFC 3720 appendix B.4) of p. It guards headers, bitmaps, texts and, if both
// ends want FeatureChecksum, the payload of legs.
func Checksum(p []byte) uint32 { return crc32.Checksum(p, castagnoli) }

// castagnoli is made once: asking for it takes a good part of the time that the checksum of a header does. To make it when it is first
// needed gains nothing: "viamillipede version" was measured to take as long.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal appends the checksum of dst[at:].
func seal(dst []byte, at int) []byte { return le.AppendUint32(dst, Checksum(dst[at:])) }

// sealed reports whether the last four bytes of b are the checksum of those before.
func sealed(b []byte) bool {
	n := len(b) - 4
	return Checksum(b[:n]) == le.Uint32(b[n:])
}

func zeros(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// StreamID names one stream: 128 random bits that its sender draws at the start.
type StreamID [16]byte

// Receiver is the id of the receiver in the sender's process, where the two dial together: it is how a listener of many peers knows that
// they do.
func (id StreamID) Receiver() uint64 { return le.Uint64(id[:]) }

// String is the id in 32 lower-case hexadecimal digits.
func (id StreamID) String() string { return hex.EncodeToString(id[:]) }
