package wire

import (
	"testing"

	"pgregory.net/rapid"
)

func TestEndGolden(t *testing.T) {
	checkGolden(t, "end", "END of 1000 legs, 262144000 bytes", End{Legs: 1000, Bytes: 262144000}.Append(nil))
}

func TestEndRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := End{Legs: drawCount(t, "legs"), Bytes: drawCount(t, "bytes")}
		held := before(t)
		h, _ := mustParse(t, behind(t, held, want.Append(held)))
		if h.Type != TypeEnd || h.End() != want {
			t.Fatalf("got %+v, want %+v", h, want)
		}
	})
}

func TestEndRefused(t *testing.T) {
	checkBroken(t, End{Legs: 1, Bytes: 1}.Append(nil), []broken{
		{"flag", set(1, 1), ErrReserved},
		{"C", set32(24, 1), ErrReserved},
		{"payload", set32(4, 1), ErrLength},
		{"legs above the limit", set64(8, 1<<63), ErrCount},
		{"bytes above the limit", set64(16, 1<<63), ErrCount},
	})
}

func FuzzEnd(f *testing.F) {
	fuzzFrame(f, TypeEnd, []string{"end"}, func(_ *testing.T, h Header, _ []byte) []byte {
		return h.End().Append(nil)
	})
}
