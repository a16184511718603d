package wire

// A coded leg is a piece of the stream that a chain of steps has changed on its way, such as compressors (engine/sidechain). It is sent
// only where the receiver has granted FeatureSidechain.
//
//	A number   B offset   C bytes that it stands for, 1 to MaxLeg   length 5 to MaxLeg
//	flags LegResent, and from bit 2 on a bit for each step of the chain that was applied
//	payload: CRC32C of the bytes that it stands for u32, and what they were coded to
const (
	// CodedSum is how many bytes of the payload of a coded leg the checksum takes.
	CodedSum = 4
	// ChainSteps is how many steps a chain has at most.
	ChainSteps = 6

	stepsShift = 2
	stepBits   = 4 // of a chain's code
)

func (l Leg) appendCoded(dst []byte) []byte {
	h := Header{Type: TypeCoded, Flags: l.Steps << stepsShift, Length: l.Payload, A: l.Number, B: l.Offset, C: l.Length}
	if l.Resent {
		h.Flags |= LegResent
	}
	return h.append(dst)
}

// codedLeg is Leg for the header of a coded leg.
func (h Header) codedLeg() Leg {
	return Leg{
		Number: h.A, Offset: h.B, Length: h.C, Resent: h.Flags&LegResent != 0, Form: Coded, Payload: h.Length, Steps: h.Flags >> stepsShift,
	}
}

// SumOf is the checksum that the payload of a coded leg, of CodedSum bytes or more, begins with: that of the bytes it stands for.
func SumOf(payload []byte) uint32 { return le.Uint32(payload) }

// PutSum writes it.
func PutSum(payload []byte, sum uint32) { le.PutUint32(payload, sum) }

func checkCoded(h Header) error {
	switch {
	case h.Flags&LegChecksum != 0 || h.Flags>>stepsShift == 0:
		return ErrReserved
	case h.Length <= CodedSum || h.Length > MaxLeg || h.C < 1 || h.C > MaxLeg:
		return ErrLength
	case h.A >= maxCount || h.B > maxCount-uint64(h.C):
		return ErrCount
	}
	return nil
}

// chained reports whether a hello that asks for these features may name a chain of that code: one without gaps, and only with the
// feature. 0 is none.
func chained(features, chain uint32) bool {
	if features&FeatureSidechain == 0 && chain != 0 || chain>>(ChainSteps*stepBits) != 0 {
		return false
	}
	for ; chain != 0; chain >>= stepBits {
		if chain&(1<<stepBits-1) == 0 {
			return false
		}
	}
	return true
}
