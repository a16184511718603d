package wire

// Exit is an EXIT frame: the program that has made the stream has ended with a status other than 0, after all of it. It is sent only
// where the receiver has granted FeatureExit, and then on each link before END.
//
//	A status, 1 to 255
type Exit struct{ Status uint8 }

// Append appends the HeaderLen bytes of e to dst.
func (e Exit) Append(dst []byte) []byte {
	return Header{Type: TypeExit, A: uint64(e.Status)}.append(dst)
}

// Exit returns the fields of a header of TypeExit.
func (h Header) Exit() Exit { return Exit{uint8(h.A)} }

func checkExit(h Header) error {
	switch {
	case h.Flags != 0 || h.B != 0 || h.C != 0:
		return ErrReserved
	case h.Length != 0:
		return ErrLength
	case h.A < 1 || h.A > maxReason:
		return ErrCount
	}
	return nil
}
