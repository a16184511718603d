package wire

import (
	"errors"
	"testing"
)

// Each end may send the types that SPEC.md gives it, and no other is taken from it; the largest payload that a receiver can
// be made to hold, legs excepted, is MaxToReceiver.
func TestRoles(t *testing.T) {
	frames := map[Type][]byte{
		TypeLeg: Leg{Length: 1}.Append(nil), TypeAck: Ack{Bitmap: fullBitmap()}.Append(nil), TypeBeat: Beat{}.Append(nil),
		TypeEnd: End{}.Append(nil), TypeDone: Done{}.Append(nil), TypeBye: Bye{}.Append(nil),
		TypeError: Fault{Text: longText()}.Append(nil), TypeName: Title("x").Append(nil),
		TypeSize: Screen{Columns: 80}.Append(nil), TypeExit: Exit{1}.Append(nil),
	}
	may := map[Role][]Type{
		Sender:   {TypeLeg, TypeHole, TypeKeep, TypeAsk, TypeName, TypeSize, TypeExit, TypeBeat, TypeEnd, TypeBye, TypeError},
		Receiver: {TypeAck, TypeDigests, TypeBeat, TypeDone, TypeBye, TypeError},
	}
	for role, allowed := range may {
		for typ, frame := range frames {
			want := ErrRole
			for _, a := range allowed {
				if a == typ {
					want = nil
				}
			}
			h, err := ParseHeaderFrom(role, frame)
			if !errors.Is(err, want) || err != nil && h != (Header{}) {
				t.Errorf("%v from %v: %+v, %v; want %v", typ, role, h, err, want)
			}
			if role == Sender && err == nil && typ != TypeLeg && h.Length > MaxToReceiver {
				t.Errorf("a receiver can be sent %v with %d bytes, it holds %d", typ, h.Length, MaxToReceiver)
			}
		}
	}
}

func fullBitmap() []uint64 {
	words := make([]uint64, maxWords)
	for i := range words {
		words[i] = 1
	}
	return words
}

func longText() string {
	b := make([]byte, MaxText)
	for i := range b {
		b[i] = 'x'
	}
	return string(b)
}
