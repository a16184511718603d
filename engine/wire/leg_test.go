package wire

import (
	"testing"

	"pgregory.net/rapid"
)

const testPayload = "the bytes that come out are the bytes that went in"

func testLeg() Leg {
	return Leg{
		Number:   7,
		Offset:   7 * 256 << 10,
		Length:   uint32(len(testPayload)),
		Checksum: Checksum([]byte(testPayload)),
		Checked:  true,
		Resent:   true,
	}
}

func TestLegGolden(t *testing.T) {
	checkGolden(t, "leg", "LEG number 7, offset 1835008, checksum, resent; 50 bytes of ASCII payload",
		append(testLeg().Append(nil), testPayload...))
	checkGolden(t, "leg-plain", "LEG number 0, offset 0, no checksum, 4 MiB of payload that this file leaves out",
		Leg{Length: MaxLeg}.Append(nil))
}

func TestLegRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Leg{
			Number:  rapid.Uint64Range(0, maxCount-1).Draw(t, "number"),
			Offset:  rapid.Uint64Range(0, maxCount-MaxLeg).Draw(t, "offset"),
			Length:  rapid.Uint32Range(1, MaxLeg).Draw(t, "length"),
			Checked: rapid.Bool().Draw(t, "checked"),
			Resent:  rapid.Bool().Draw(t, "resent"),
		}
		if want.Checked {
			want.Checksum = rapid.Uint32().Draw(t, "checksum")
		}
		held := before(t)
		h, err := ParseHeader(behind(t, held, want.Append(held)))
		if err != nil || h.Type != TypeLeg || h.Leg() != want {
			t.Fatalf("got %+v, %v; want %+v", h, err, want)
		}
	})
}

// A checksum is not sent unless the leg is marked as checked.
func TestLegUncheckedHasNoChecksum(t *testing.T) {
	h, err := ParseHeader(Leg{Length: 1, Checksum: 99}.Append(nil))
	if err != nil || h.Leg().Checksum != 0 || h.Leg().Checked {
		t.Errorf("got %+v, %v", h, err)
	}
}

// The last byte of the longest stream is at offset 2^63-2: the end of a leg never wraps an int64.
func TestLegAtTheLimit(t *testing.T) {
	last := Leg{Number: maxCount - 1, Offset: maxCount - MaxLeg, Length: MaxLeg}
	h, err := ParseHeader(last.Append(nil))
	if err != nil || h.Leg() != last {
		t.Errorf("got %+v, %v", h, err)
	}
}

func TestLegRefused(t *testing.T) {
	checkBroken(t, testLeg().Append(nil), []broken{
		{"unknown flag", set(1, 4|LegChecksum), ErrReserved},
		{"highest flag", set(1, 0x80|LegChecksum), ErrReserved},
		{"checksum without its flag", set(1, LegResent), ErrReserved},
		{"empty", set32(4, 0), ErrLength},
		{"longer than a leg", set32(4, MaxLeg+1), ErrLength},
		{"longest length there is", set32(4, 1<<32-1), ErrLength},
		{"number that has no successor", set64(8, maxCount), ErrCount},
		{"highest number there is", set64(8, 1<<64-1), ErrCount},
		{"end beyond the limit", set64(16, maxCount-uint64(len(testPayload))+1), ErrCount},
		{"offset that wraps", set64(16, 1<<64-1), ErrCount},
	})
}

func FuzzLeg(f *testing.F) {
	fuzzFrame(f, TypeLeg, []string{"leg", "leg-plain"}, func(_ *testing.T, h Header, _ []byte) []byte {
		return h.Leg().Append(nil)
	})
}

func BenchmarkLegAppend(b *testing.B) {
	leg, dst := testLeg(), make([]byte, 0, HeaderLen)
	b.ReportAllocs()
	for b.Loop() {
		dst = leg.Append(dst[:0])
	}
}
