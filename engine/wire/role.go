package wire

import "fmt"

// Role is an end of a stream, as the one that sends a frame.
type Role uint8

// The roles.
const (
	Sender   Role = 1 << iota // of the stream: tx
	Receiver                  // rx
)

// String is the name that SPEC.md uses.
func (r Role) String() string {
	switch r {
	case Sender:
		return "tx"
	case Receiver:
		return "rx"
	}
	return fmt.Sprintf("role %d", uint8(r))
}

// senders says which end may send the frames of a type.
var senders = [...]Role{
	TypeLeg:   Sender,
	TypeAck:   Receiver,
	TypeBeat:  Sender | Receiver,
	TypeEnd:   Sender,
	TypeDone:  Receiver,
	TypeBye:   Sender | Receiver,
	TypeError: Sender | Receiver,
	TypeHole:  Sender,
	TypeKeep:  Sender,

	TypeAsk:     Sender,
	TypeDigests: Receiver,
	TypeName:    Sender,
	TypeCoded:   Sender,
	TypeSize:    Sender,
	TypeExit:    Sender,
}

// MaxToReceiver is the most payload of a frame, legs excepted, that a receiver can be sent, in bytes: a Fault's text.
const MaxToReceiver = MaxText

// ParseHeaderFrom is ParseHeader for what the end with that role has sent: a frame that it may not send is refused by its header,
// before anybody makes room for its payload.
//
//	as ParseHeader, and
//	Header{}, ErrRole       a type that only the other end may send
func ParseHeaderFrom(from Role, b []byte) (Header, error) {
	h, err := ParseHeader(b)
	if err != nil {
		return h, err
	}
	if senders[h.Type]&from == 0 {
		return Header{}, fmt.Errorf("parse header: %w: %v from %v", ErrRole, h.Type, from)
	}
	return h, nil
}
