package wire

// Flags of a BYE frame.
const (
	ByeStream = 1 << 0 // the whole stream is finished and confirmed
)

// Reason is why an end gives a link up. A peer takes a reason that it does not know for ByeOther.
type Reason uint8

// The reasons of a BYE frame.
const (
	ByeOther    Reason = 0 // not said
	ByeSilent   Reason = 1 // nothing was heard from the peer on this link
	ByeStuck    Reason = 2 // nothing got through to the peer on it
	ByeReplaced Reason = 3 // the same link was dialled anew
	ByeMoved    Reason = 4 // the link is not needed: it belongs to another path, or there are enough
	ByeEnding   Reason = 5 // this end is shutting down
	ByeBroken   Reason = 6 // what came on it breaks the rules
	ByeTaken    Reason = 7 // the stream has another receiver
	ByeYields   Reason = 8 // no leg of the stream has come, and another sender waits
)

var reasons = [...]string{
	"for no stated reason", "nothing was heard on it", "nothing got through on it", "dialled again", "not needed any more",
	"shutting down", "what arrived on it was broken", "the stream has another receiver",
	"no leg came, and another sender is waiting",
}

// String says why, for people.
func (r Reason) String() string {
	if int(r) < len(reasons) {
		return reasons[r]
	}
	return reasons[ByeOther]
}

// Bye says that this link is closed on purpose: its end is no fault, and no sign that the peer has died. It is the last frame
// of its direction.
//
//	flag ByeStream   A reason   length 0
type Bye struct {
	Stream bool // the whole stream is finished and confirmed, not only this link
	Reason Reason
}

// Append appends the HeaderLen bytes of b to dst.
func (b Bye) Append(dst []byte) []byte {
	h := Header{Type: TypeBye, A: uint64(b.Reason)}
	if b.Stream {
		h.Flags |= ByeStream
	}
	return h.append(dst)
}

// Bye returns the fields of a header of TypeBye.
func (h Header) Bye() Bye { return Bye{Stream: h.Flags&ByeStream != 0, Reason: Reason(h.A)} }

func checkBye(h Header) error {
	switch {
	case h.Flags&^ByeStream != 0 || h.B != 0 || h.C != 0:
		return ErrReserved
	case h.A > maxReason:
		return ErrCount
	case h.Length != 0:
		return ErrLength
	}
	return nil
}
