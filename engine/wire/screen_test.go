package wire

import (
	"testing"

	"pgregory.net/rapid"
)

func TestScreenGolden(t *testing.T) {
	checkGolden(t, "size", "SIZE of 132 columns, 43 rows, the second", Screen{Columns: 132, Rows: 43, Version: 1}.Append(nil))
}

func TestScreenRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Screen{rapid.Uint16().Draw(t, "columns"), rapid.Uint16().Draw(t, "rows"), rapid.Uint32().Draw(t, "version")}
		held := before(t)
		h, _ := mustParse(t, behind(t, held, want.Append(held)))
		if h.Type != TypeSize || h.Screen() != want {
			t.Fatalf("got %+v, want %+v", h, want)
		}
	})
}

func TestScreenRefused(t *testing.T) {
	checkBroken(t, Screen{Columns: 80, Rows: 25}.Append(nil), []broken{
		{"flag", set(1, 1), ErrReserved},
		{"payload", set32(4, 1), ErrLength},
		{"columns above the limit", set64(8, 1<<16), ErrCount},
		{"rows above the limit", set64(16, 1<<16), ErrCount},
	})
}

func FuzzScreen(f *testing.F) {
	fuzzFrame(f, TypeSize, []string{"size"}, func(_ *testing.T, h Header, _ []byte) []byte {
		return h.Screen().Append(nil)
	})
}
