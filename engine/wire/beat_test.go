package wire

import (
	"testing"

	"pgregory.net/rapid"
)

func TestBeatGolden(t *testing.T) {
	checkGolden(t, "beat", "BEAT sent 1234567890123, echo 987654321",
		Beat{Sent: 1234567890123, Echo: 987654321}.Append(nil))
}

func TestBeatRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Beat{Sent: rapid.Uint64().Draw(t, "sent"), Echo: rapid.Uint64().Draw(t, "echo")}
		held := before(t)
		h, _ := mustParse(t, behind(t, held, want.Append(held)))
		if h.Type != TypeBeat || h.Beat() != want {
			t.Fatalf("got %+v, want %+v", h, want)
		}
	})
}

func TestBeatRefused(t *testing.T) {
	checkBroken(t, Beat{Sent: 1}.Append(nil), []broken{
		{"flag", set(1, 1), ErrReserved},
		{"C", set32(24, 1), ErrReserved},
		{"payload", set32(4, 1), ErrLength},
	})
}

func FuzzBeat(f *testing.F) {
	fuzzFrame(f, TypeBeat, []string{"beat"}, func(_ *testing.T, h Header, _ []byte) []byte {
		return h.Beat().Append(nil)
	})
}
