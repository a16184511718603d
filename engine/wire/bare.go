package wire

// A bare leg is a piece of the stream that has a number and a place like any other, and no payload. It is sent only where the receiver
// has granted the feature of its form.
//
//	A number   B offset   C bytes that it stands for, 1 to 2^32-1   length 0   flags LegResent

// Bare reports whether no payload follows the leg's header.
func (l Leg) Bare() bool { return l.Form == Hole || l.Form == Kept }

// IsLeg reports whether the frame is a piece of the stream, of whatever form: Header.Leg says which.
func (h Header) IsLeg() bool {
	return h.Type == TypeLeg || h.Type == TypeHole || h.Type == TypeKeep || h.Type == TypeCoded
}

// Feature is what must be granted before a leg of the form may be sent; 0: nothing.
func (f Form) Feature() uint32 {
	return [...]uint32{Hole: FeatureHoles, Kept: FeatureKeep, Coded: FeatureSidechain}[f]
}

// appendBare is Append for a bare leg.
func (l Leg) appendBare(dst []byte) []byte {
	h := Header{Type: [...]Type{Hole: TypeHole, Kept: TypeKeep}[l.Form], A: l.Number, B: l.Offset, C: l.Length}
	if l.Resent {
		h.Flags |= LegResent
	}
	return h.append(dst)
}

// bareLeg is Leg for the header of a bare leg.
func (h Header) bareLeg() Leg {
	return Leg{Number: h.A, Offset: h.B, Length: h.C, Resent: h.Flags&LegResent != 0, Form: [...]Form{TypeHole: Hole, TypeKeep: Kept}[h.Type]}
}

func checkBare(h Header) error {
	switch {
	case h.Flags&^LegResent != 0:
		return ErrReserved
	case h.Length != 0 || h.C < 1:
		return ErrLength
	case h.A >= maxCount || h.B > maxCount-uint64(h.C):
		return ErrCount
	}
	return nil
}
