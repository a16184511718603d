package wire

import "testing"

func TestByeGolden(t *testing.T) {
	checkGolden(t, "bye", "BYE this link only", Bye{}.Append(nil))
	checkGolden(t, "bye-stream", "BYE the whole stream", Bye{Stream: true}.Append(nil))
}

func TestByeRoundTrip(t *testing.T) {
	for _, want := range []Bye{{}, {Stream: true}} {
		h, _ := mustParse(t, want.Append(nil))
		if h.Type != TypeBye || h.Bye() != want {
			t.Errorf("got %+v, want %+v", h, want)
		}
	}
}

func TestByeRefused(t *testing.T) {
	checkBroken(t, Bye{Stream: true}.Append(nil), []broken{
		{"unknown flag", set(1, 2), ErrReserved},
		{"A", set64(8, 1), ErrReserved},
		{"B", set64(16, 1), ErrReserved},
		{"C", set32(24, 1), ErrReserved},
		{"payload", set32(4, 1), ErrLength},
	})
}

func FuzzBye(f *testing.F) {
	fuzzFrame(f, TypeBye, []string{"bye", "bye-stream"}, func(_ *testing.T, h Header, _ []byte) []byte {
		return h.Bye().Append(nil)
	})
}
