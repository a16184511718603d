package wire

// Beat shows that a link lives, and measures it, in both directions. Each end echoes the Sent of the peer's last Beat in its own
// next one; the round trip is the time in between, including the peer's wait.
//
//	A sent   B echo   length 0
type Beat struct {
	Sent uint64 // the sender's monotonic clock, in nanoseconds; means nothing to the peer
	Echo uint64 // Sent of the last Beat seen from the peer on this link; 0: none
}

// Append appends the HeaderLen bytes of b to dst.
func (b Beat) Append(dst []byte) []byte {
	return Header{Type: TypeBeat, A: b.Sent, B: b.Echo}.append(dst)
}

// Beat returns the fields of a header of TypeBeat.
func (h Header) Beat() Beat { return Beat{Sent: h.A, Echo: h.B} }

func checkBeat(h Header) error {
	switch {
	case h.Flags != 0 || h.C != 0:
		return ErrReserved
	case h.Length != 0:
		return ErrLength
	}
	return nil
}
