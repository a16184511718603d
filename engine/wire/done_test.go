package wire

import (
	"testing"

	"pgregory.net/rapid"
)

func TestDoneGolden(t *testing.T) {
	checkGolden(t, "done", "DONE 1000 legs, 262144000 bytes delivered", Done{Legs: 1000, Bytes: 262144000}.Append(nil))
	checkGolden(t, "done-early", "DONE, EARLY, 3 legs, 700000 bytes read", Done{Legs: 3, Bytes: 700000, Early: true}.Append(nil))
}

func TestDoneRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Done{Legs: drawCount(t, "legs"), Bytes: drawCount(t, "bytes"), Early: rapid.Bool().Draw(t, "early")}
		held := before(t)
		h, _ := mustParse(t, behind(t, held, want.Append(held)))
		if h.Type != TypeDone || h.Done() != want {
			t.Fatalf("got %+v, want %+v", h, want)
		}
	})
}

func TestDoneRefused(t *testing.T) {
	checkBroken(t, Done{Legs: 1, Bytes: 1}.Append(nil), []broken{
		{"flag", set(1, 2), ErrReserved},
		{"C", set32(24, 1), ErrReserved},
		{"payload", set32(4, 1), ErrLength},
		{"legs above the limit", set64(8, 1<<63), ErrCount},
		{"bytes above the limit", set64(16, 1<<63), ErrCount},
	})
}

func FuzzDone(f *testing.F) {
	fuzzFrame(f, TypeDone, []string{"done", "done-early"}, func(_ *testing.T, h Header, _ []byte) []byte {
		return h.Done().Append(nil)
	})
}
