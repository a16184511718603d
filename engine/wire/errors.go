package wire

import "errors"

// Why bytes were not understood. Every error of this package wraps one of these, except io.ErrShortBuffer from
// Header.Ack. After any of them but ErrShort nothing more can be read from the link: close it.
var (
	ErrShort    = errors.New("message cut short")        // more bytes are needed
	ErrMagic    = errors.New("not a viamillipede")       // a stranger, or wire version 1
	ErrVersion  = errors.New("other wire version")       // the Version field of the result says which
	ErrHeader   = errors.New("header checksum is wrong") // the bytes were changed, or the reader lost its place
	ErrType     = errors.New("unknown frame type")       //
	ErrRole     = errors.New("a frame that this end may not send")
	ErrReserved = errors.New("reserved bits are not zero")   // an unknown flag, or a field that the type does not use
	ErrLength   = errors.New("length out of range")          //
	ErrCount    = errors.New("count or number out of range") // a leg number, offset, count or status
	ErrBitmap   = errors.New("bitmap ends with a zero word") //
	ErrPayload  = errors.New("payload checksum is wrong")    // bitmap or text; the payload of a leg is the caller's
)
