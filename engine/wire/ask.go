package wire

import "fmt"

// Ask asks the receiver for digests of what it has in its file, from sender to receiver. They are sent on the same link, as they are
// made.
//
//	A number of the first piece that is wanted   C checksum of the key   length 16
type Ask struct {
	From uint64       // counted from 0, each piece of Piece bytes
	Key  [KeyLen]byte // of the digests, random: the same in each Ask of a stream
}

// KeyLen is the size of the key in an Ask, in bytes.
const KeyLen = 16

// Append appends the header and the key of a to dst.
func (a Ask) Append(dst []byte) []byte {
	h := Header{Type: TypeAsk, Length: KeyLen, A: a.From, C: Checksum(a.Key[:])}
	return append(h.append(dst), a.Key[:]...)
}

// Ask returns the fields of a header of TypeAsk with its payload of Header.Length bytes.
//
//	Ask, nil            the question
//	Ask{}, ErrShort     payload is not Header.Length bytes long
//	Ask{}, ErrPayload   the key was changed on the way
func (h Header) Ask(payload []byte) (Ask, error) {
	if uint64(len(payload)) != uint64(h.Length) {
		return Ask{}, fmt.Errorf("parse ask: %w: key of %d bytes, not %d", ErrShort, len(payload), h.Length)
	}
	if Checksum(payload) != h.C {
		return Ask{}, fmt.Errorf("parse ask: %w", ErrPayload)
	}
	return Ask{From: h.A, Key: [KeyLen]byte(payload)}, nil
}

func checkAsk(h Header) error {
	switch {
	case h.Flags != 0 || h.B != 0:
		return ErrReserved
	case h.Length != KeyLen:
		return ErrLength
	case h.A > maxCount:
		return ErrCount
	}
	return nil
}
