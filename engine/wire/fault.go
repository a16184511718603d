package wire

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fault is an ERROR frame: the stream failed at the end that sends it, in both directions.
//
//	A status   C checksum of the text   length 0 to MaxText
type Fault struct {
	Status uint16 // exit status that goes with the fault
	Text   string // one printable line of UTF-8
}

// Append appends the header and the text of f to dst. What is not printable in the text is replaced, and what exceeds
// MaxText bytes is cut off before the character that does not fit.
func (f Fault) Append(dst []byte) []byte {
	text := cut(Printable(f.Text), MaxText)
	h := Header{
		Type:   TypeError,
		Length: uint32(len(text)),
		A:      uint64(f.Status),
		C:      Checksum([]byte(text)),
	}
	return append(h.append(dst), text...)
}

// Fault returns the fields of a header of TypeError with its payload of Header.Length bytes. What is not printable in
// the text is replaced, so that the peer cannot control a terminal; only such a text is not encoded to the same bytes
// again.
//
//	Fault, nil          the fault
//	Fault{}, ErrShort   payload is not Header.Length bytes long
//	Fault{}, ErrPayload the text was changed on the way
func (h Header) Fault(payload []byte) (Fault, error) {
	if uint64(len(payload)) != uint64(h.Length) {
		return Fault{}, fmt.Errorf("parse error frame: %w: text of %d bytes, not %d", ErrShort, len(payload), h.Length)
	}
	if Checksum(payload) != h.C {
		return Fault{}, fmt.Errorf("parse error frame: %w", ErrPayload)
	}
	return Fault{Status: uint16(h.A), Text: Printable(string(payload))}, nil
}

func checkFault(h Header) error {
	switch {
	case h.Flags != 0 || h.B != 0 || h.Length == 0 && h.C != 0:
		return ErrReserved
	case h.Length > MaxText:
		return ErrLength
	case h.A > maxStatus:
		return ErrCount
	}
	return nil
}

// Printable makes one line of text that changes nothing on a terminal but the line itself: white space becomes a
// space, and control characters, bidirectional overrides and bytes that are not UTF-8 become question marks. The
// result is valid UTF-8 and never longer than text.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == utf8.RuneError || !unicode.IsPrint(r):
			return '?'
		}
		return r
	}, text)
}

// cut shortens valid UTF-8 to at most limit bytes, between two characters.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}
