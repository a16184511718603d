package wire

import "fmt"

// Digest is what tells whether two pieces of a file are alike: the tag of AES-128-GCM under the key of the Ask, with a nonce of zeros,
// nothing to encrypt, and the piece as the additional data. All zero: the piece cannot be read, and is like no other.
type Digest [DigestLen]byte

// Digests are those of a few pieces in a row of the receiver's file, from receiver to sender.
//
//	A number of the first piece   B pieces in all   C checksum of the payload   length 0 to 512, a multiple of 16
//
// A+length/16 is at most B. Nothing is left of a file that ends in the middle of a piece: that one does not count.
type Digests struct {
	From   uint64
	Pieces uint64
	List   []Digest // at most MaxDigests
}

// Append appends the header and the digests of d to dst.
func (d Digests) Append(dst []byte) []byte {
	at := len(dst)
	h := Header{Type: TypeDigests, Length: uint32(len(d.List) * DigestLen), A: d.From, B: d.Pieces}
	dst = h.append(dst)
	for _, one := range d.List {
		dst = append(dst, one[:]...)
	}
	// The header goes before the digests whose checksum it carries: it is written again in its place.
	h.C = Checksum(dst[at+HeaderLen:])
	h.append(dst[:at])
	return dst
}

// Digests returns the fields of a header of TypeDigests with its payload of Header.Length bytes; the list is appended to list.
//
//	Digests, nil          the digests
//	Digests{}, ErrShort   payload is not Header.Length bytes long
//	Digests{}, ErrPayload they were changed on the way
func (h Header) Digests(payload []byte, list []Digest) (Digests, error) {
	if uint64(len(payload)) != uint64(h.Length) {
		return Digests{}, fmt.Errorf("parse digests: %w: %d bytes, not %d", ErrShort, len(payload), h.Length)
	}
	if Checksum(payload) != h.C {
		return Digests{}, fmt.Errorf("parse digests: %w", ErrPayload)
	}
	for ; len(payload) > 0; payload = payload[DigestLen:] {
		list = append(list, Digest(payload))
	}
	return Digests{From: h.A, Pieces: h.B, List: list}, nil
}

func checkDigests(h Header) error {
	switch {
	case h.Flags != 0 || h.Length == 0 && h.C != 0:
		return ErrReserved
	case h.Length > MaxDigests*DigestLen || h.Length%DigestLen != 0:
		return ErrLength
	case h.B > maxCount/Piece || h.A > h.B || h.A+uint64(h.Length/DigestLen) > h.B:
		return ErrCount
	}
	return nil
}
