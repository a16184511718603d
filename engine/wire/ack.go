package wire

import (
	"fmt"
	"io"
)

// Ack tells the sender how far the stream has come, from receiver to sender.
//
//	A received   B delivered   C checksum of the bitmap   length 0 to MaxBitmap, a multiple of 8
//
//	legs     0 ... A-1      A         A+1  A+2  ...
//	         received       missing   bit 0, bit 1, ... of the bitmap: 1 is received
//
// Bits are counted from the low end of 64-bit words. The last word of a bitmap is never zero.
type Ack struct {
	Received  uint64   // every leg below is received
	Delivered uint64   // every leg below is delivered; at most Received
	Bitmap    []uint64 // legs received beyond Received
}

// Append appends the header and the bitmap of a to dst. It leaves off zero words at the end of the bitmap, and words
// beyond MaxBitmap bytes: a leg that is not reported now is reported later. It allocates only if dst has no room.
func (a Ack) Append(dst []byte) []byte {
	words := trim(a.Bitmap[:min(len(a.Bitmap), maxWords)])
	h := Header{
		Type:   TypeAck,
		Length: uint32(len(words) * wordLen),
		A:      a.Received,
		B:      a.Delivered,
	}
	at := len(dst)
	dst = h.append(dst)
	if len(words) == 0 {
		return dst
	}
	for _, w := range words {
		dst = le.AppendUint64(dst, w)
	}
	// The header goes before the bitmap whose checksum it carries: it is written again in its place.
	h.C = Checksum(dst[at+HeaderLen:])
	h.append(dst[:at])
	return dst
}

func trim(words []uint64) []uint64 {
	n := len(words)
	for n > 0 && words[n-1] == 0 {
		n--
	}
	return words[:n]
}

// Has reports whether the peer has received leg n, as far as a tells.
func (a Ack) Has(n uint64) bool {
	if n < a.Received {
		return true
	}
	if n == a.Received {
		return false
	}
	i := n - a.Received - 1
	if i/wordBits >= uint64(len(a.Bitmap)) {
		return false
	}
	return a.Bitmap[i/wordBits]>>(i%wordBits)&1 != 0
}

// Ack returns the fields of a header of TypeAck with its payload of Header.Length bytes. The bitmap is decoded into
// words from index 0 up to its capacity, MaxBitmap/8 words being always enough: Ack.Bitmap is the caller's memory and
// valid until words is used again. It never grows words.
//
//	Ack, nil                  the ack
//	Ack{}, ErrShort           payload is not Header.Length bytes long
//	Ack{}, io.ErrShortBuffer  words has too little capacity
//	Ack{}, ErrPayload         the bitmap was changed on the way
//	Ack{}, ErrBitmap          the last word is zero
func (h Header) Ack(payload []byte, words []uint64) (Ack, error) {
	n := len(payload) / wordLen
	switch {
	case uint64(len(payload)) != uint64(h.Length):
		return Ack{}, fmt.Errorf("parse ack: %w: bitmap of %d bytes, not %d", ErrShort, len(payload), h.Length)
	case n > cap(words):
		return Ack{}, fmt.Errorf("parse ack: %w: %d words, not %d", io.ErrShortBuffer, cap(words), n)
	case Checksum(payload) != h.C:
		return Ack{}, fmt.Errorf("parse ack: %w", ErrPayload)
	}
	words = words[:n]
	for i := range words {
		words[i] = le.Uint64(payload[i*wordLen:])
	}
	if n > 0 && words[n-1] == 0 {
		return Ack{}, fmt.Errorf("parse ack: %w", ErrBitmap)
	}
	return Ack{Received: h.A, Delivered: h.B, Bitmap: words}, nil
}

func checkAck(h Header) error {
	switch {
	case h.Flags != 0:
		return ErrReserved
	case h.Length > MaxBitmap || h.Length%wordLen != 0:
		return ErrLength
	case h.Length == 0 && h.C != 0:
		return ErrReserved
	case h.A > maxCount || h.B > h.A:
		return ErrCount
	}
	return nil
}
