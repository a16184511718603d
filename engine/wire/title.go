package wire

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Title is a NAME frame: what the sender's user calls the stream. It is sent only where the receiver has granted FeatureName, and then
// first on each link.
//
//	C checksum of the text   length 1 to MaxTitle
type Title string

// Valid reports whether the text can be a title: 1 to MaxTitle bytes of UTF-8 without control characters.
func (t Title) Valid() bool {
	return len(t) >= 1 && len(t) <= MaxTitle && utf8.ValidString(string(t)) && !strings.ContainsFunc(string(t), unicode.IsControl)
}

// Append appends the header and the text of t, which is Valid, to dst.
func (t Title) Append(dst []byte) []byte {
	h := Header{Type: TypeName, Length: uint32(len(t)), C: Checksum([]byte(t))}
	return append(h.append(dst), t...)
}

// Title returns the text of a header of TypeName with its payload of Header.Length bytes.
//
//	Title, nil          it is Valid
//	"", ErrShort        payload is not Header.Length bytes long
//	"", ErrPayload      the text was changed on the way, or is not Valid
func (h Header) Title(payload []byte) (Title, error) {
	if uint64(len(payload)) != uint64(h.Length) {
		return "", fmt.Errorf("parse name frame: %w: text of %d bytes, not %d", ErrShort, len(payload), h.Length)
	}
	if t := Title(payload); Checksum(payload) == h.C && t.Valid() {
		return t, nil
	}
	return "", fmt.Errorf("parse name frame: %w", ErrPayload)
}

func checkTitle(h Header) error {
	switch {
	case h.Flags != 0 || h.A != 0 || h.B != 0:
		return ErrReserved
	case h.Length < 1 || h.Length > MaxTitle:
		return ErrLength
	}
	return nil
}
