package wire

import (
	"testing"

	"pgregory.net/rapid"
)

func testHole() Leg {
	return Leg{Number: 3, Offset: 3 << 20, Length: 1<<32 - 2<<20, Form: Hole, Resent: true}
}

func TestHoleGolden(t *testing.T) {
	checkGolden(t, "hole", "HOLE number 3, offset 3145728, 4292870144 bytes, resent", testHole().Append(nil))
	checkGolden(t, "hole-plain", "HOLE number 0, offset 0, 1 byte", Leg{Length: 1, Form: Hole}.Append(nil))
}

func TestBareRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Leg{
			Number: rapid.Uint64Range(0, maxCount-1).Draw(t, "number"),
			Offset: rapid.Uint64Range(0, maxCount-1<<32).Draw(t, "offset"),
			Length: rapid.Uint32Range(1, 1<<32-1).Draw(t, "length"),
			Resent: rapid.Bool().Draw(t, "resent"),
			Form:   rapid.SampledFrom([]Form{Hole, Kept}).Draw(t, "form"),
		}
		held := before(t)
		h, err := ParseHeader(behind(t, held, want.Append(held)))
		if err != nil || !h.IsLeg() || h.Leg() != want {
			t.Fatalf("got %+v, %v; want %+v", h, err, want)
		}
	})
}

func TestHoleRefused(t *testing.T) {
	checkBroken(t, testHole().Append(nil), []broken{
		{"checksum flag", set(1, LegChecksum), ErrReserved},
		{"unknown flag", set(1, 4), ErrReserved},
		{"payload", set32(4, 1), ErrLength},
		{"empty", set32(24, 0), ErrLength},
		{"number that has no successor", set64(8, maxCount), ErrCount},
		{"end beyond the limit", set64(16, maxCount-(1<<32-2<<20)+1), ErrCount},
		{"offset that wraps", set64(16, 1<<64-1), ErrCount},
	})
}

func FuzzHole(f *testing.F) {
	fuzzFrame(f, TypeHole, []string{"hole", "hole-plain"}, func(_ *testing.T, h Header, _ []byte) []byte {
		return h.Leg().Append(nil)
	})
}
