package wire

// Screen is a SIZE frame: how large the terminal is that the stream comes from. It is sent only where the receiver has granted
// FeatureSize, and then on each link, first and whenever the size has changed.
//
//	A columns   B rows   C version
type Screen struct {
	Columns, Rows uint16
	Version       uint32 // counts the changes: of two, the one with the larger number counts
}

// Append appends the HeaderLen bytes of s to dst.
func (s Screen) Append(dst []byte) []byte {
	return Header{Type: TypeSize, A: uint64(s.Columns), B: uint64(s.Rows), C: s.Version}.append(dst)
}

// Screen returns the fields of a header of TypeSize.
func (h Header) Screen() Screen { return Screen{uint16(h.A), uint16(h.B), h.C} }

func checkScreen(h Header) error {
	switch {
	case h.Flags != 0:
		return ErrReserved
	case h.Length != 0:
		return ErrLength
	case h.A > maxScreen || h.B > maxScreen:
		return ErrCount
	}
	return nil
}
