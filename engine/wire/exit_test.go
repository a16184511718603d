package wire

import (
	"testing"

	"pgregory.net/rapid"
)

func TestExitGolden(t *testing.T) {
	checkGolden(t, "exit", "EXIT, status 3", Exit{3}.Append(nil))
}

func TestExitRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Exit{uint8(rapid.IntRange(1, 255).Draw(t, "status"))}
		held := before(t)
		h, _ := mustParse(t, behind(t, held, want.Append(held)))
		if h.Type != TypeExit || h.Exit() != want {
			t.Fatalf("got %+v, want %+v", h, want)
		}
	})
}

func TestExitRefused(t *testing.T) {
	checkBroken(t, Exit{1}.Append(nil), []broken{
		{"flag", set(1, 1), ErrReserved},
		{"B", set64(16, 1), ErrReserved},
		{"C", set32(24, 1), ErrReserved},
		{"payload", set32(4, 1), ErrLength},
		{"status 0", set64(8, 0), ErrCount},
		{"status above the limit", set64(8, 256), ErrCount},
	})
}

func FuzzExit(f *testing.F) {
	fuzzFrame(f, TypeExit, []string{"exit"}, func(_ *testing.T, h Header, _ []byte) []byte {
		return h.Exit().Append(nil)
	})
}
