package wire

import (
	"errors"
	"testing"
)

func TestHeaderCutAnywhere(t *testing.T) {
	b := testLeg().Append(nil)
	for n := range HeaderLen {
		if h, err := ParseHeader(b[:n]); !errors.Is(err, ErrShort) || h != (Header{}) {
			t.Errorf("%d bytes: got %+v, %v", n, h, err)
		}
	}
}

func TestHeaderUnknownType(t *testing.T) {
	for typ := range 256 {
		_, err := ParseHeader(Header{Type: Type(typ)}.append(nil))
		if known := typ >= int(TypeLeg) && typ <= int(TypeExit); errors.Is(err, ErrType) == known {
			t.Errorf("type %d: %v", typ, err)
		}
	}
}

// Zeros are the likeliest garbage. They must not be a frame, and they are not.
func TestHeaderZeros(t *testing.T) {
	if _, err := ParseHeader(make([]byte, HeaderLen)); err == nil {
		t.Error("32 zero bytes are a frame")
	}
}

func TestHeaderReservedBytes(t *testing.T) {
	for _, frame := range allFrames() {
		checkBroken(t, frame, []broken{
			{"byte 2", set(2, 1), ErrReserved},
			{"byte 3", set(3, 0x80), ErrReserved},
		})
	}
}

func TestHeaderEveryBit(t *testing.T) {
	for _, frame := range allFrames() {
		checkEveryBit(t, frame[:HeaderLen], func(b []byte) error {
			_, err := ParseHeader(b)
			return err
		})
	}
}

func TestTypeString(t *testing.T) {
	want := []string{"type 0", "LEG", "ACK", "BEAT", "END", "DONE", "BYE", "ERROR", "HOLE", "KEEP", "ASK", "DIGESTS", "NAME", "CODED", "SIZE", "EXIT", "type 16"}
	for typ, name := range want {
		if got := Type(typ).String(); got != name {
			t.Errorf("type %d is %q, want %q", typ, got, name)
		}
	}
}

func TestNoAllocations(t *testing.T) {
	var (
		dst    = make([]byte, 0, HeaderLen+MaxBitmap)
		words  = make([]uint64, 0, maxWords)
		leg    = testLeg()
		ack    = testAck()
		frames = allFrames()
		acked  = ack.Append(nil)
		header Header
		err    error
	)
	for _, c := range []struct {
		name string
		run  func()
	}{
		{"Leg.Append", func() { dst = leg.Append(dst[:0]) }},
		{"Ack.Append", func() { dst = ack.Append(dst[:0]) }},
		{"Beat.Append", func() { dst = Beat{Sent: 1, Echo: 2}.Append(dst[:0]) }},
		{"ParseHeader", func() {
			for _, frame := range frames {
				if header, err = ParseHeader(frame); err != nil {
					t.Fatal(err)
				}
			}
		}},
		{"Header.Ack", func() {
			if header, err = ParseHeader(acked); err != nil {
				t.Fatal(err)
			}
			if _, err = header.Ack(acked[HeaderLen:], words); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		if n := testing.AllocsPerRun(100, c.run); n != 0 {
			t.Errorf("%s allocates %v times", c.name, n)
		}
	}
}

// allFrames is one good frame of every type.
func allFrames() [][]byte {
	return [][]byte{
		testLeg().Append(nil),
		testAck().Append(nil),
		Beat{Sent: 5, Echo: 6}.Append(nil),
		End{Legs: 5, Bytes: 6}.Append(nil),
		Done{Legs: 5, Bytes: 6}.Append(nil),
		Bye{Stream: true}.Append(nil),
		Fault{Status: 4, Text: "leg 9 differs"}.Append(nil),
	}
}

func BenchmarkParseHeader(b *testing.B) {
	frame := testLeg().Append(nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseHeader(frame); err != nil {
			b.Fatal(err)
		}
	}
}
