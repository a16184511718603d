package wire

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func testAsk() Ask { return Ask{From: 64, Key: [KeyLen]byte([]byte("sixteen bytes..."))} }

func testDigests() Digests {
	return Digests{From: 32, Pieces: 9216, List: []Digest{{1, 2, 3}, {15: 0xff}}}
}

func TestResumeGolden(t *testing.T) {
	checkGolden(t, "keep", "KEEP number 0, offset 0, 33554432 bytes", Leg{Length: 32 << 20, Form: Kept}.Append(nil))
	checkGolden(t, "ask", "ASK for digests from piece 64 on, with an ASCII key", testAsk().Append(nil))
	checkGolden(t, "digests", "DIGESTS of pieces 32 and 33, of 9216", testDigests().Append(nil))
	checkGolden(t, "digests-none", "DIGESTS of a file that holds nothing", Digests{}.Append(nil))
}

func TestAskRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Ask{From: drawCount(t, "from"), Key: [KeyLen]byte(rapid.SliceOfN(rapid.Byte(), KeyLen, KeyLen).Draw(t, "key"))}
		held := before(t)
		h, payload := mustParse(t, behind(t, held, want.Append(held)))
		if got, err := h.Ask(payload); err != nil || got != want {
			t.Fatalf("got %+v, %v; want %+v", got, err, want)
		}
	})
}

func TestDigestsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Digests{From: rapid.Uint64Range(0, 1<<40).Draw(t, "from")}
		for range rapid.IntRange(0, MaxDigests).Draw(t, "digests") {
			want.List = append(want.List, Digest(rapid.SliceOfN(rapid.Byte(), DigestLen, DigestLen).Draw(t, "digest")))
		}
		want.Pieces = want.From + uint64(len(want.List)) + rapid.Uint64Range(0, 1<<40).Draw(t, "more")
		held := before(t)
		h, payload := mustParse(t, behind(t, held, want.Append(held)))
		got, err := h.Digests(payload, nil)
		if err != nil || got.From != want.From || got.Pieces != want.Pieces || !slices.Equal(got.List, want.List) {
			t.Fatalf("got %+v, %v; want %+v", got, err, want)
		}
	})
}

func TestResumeRefused(t *testing.T) {
	checkBroken(t, testAsk().Append(nil), []broken{
		{"flag", set(1, 1), ErrReserved},
		{"B in use", set64(16, 1), ErrReserved},
		{"no key", set32(4, 0), ErrLength},
		{"long key", set32(4, KeyLen+1), ErrLength},
		{"piece beyond all", set64(8, 1<<63), ErrCount},
	})
	checkBroken(t, testDigests().Append(nil), []broken{
		{"flag", set(1, 1), ErrReserved},
		{"half a digest", set32(4, DigestLen/2), ErrLength},
		{"too many", set32(4, (MaxDigests+1)*DigestLen), ErrLength},
		{"beyond the last", set64(8, 9215), ErrCount},
		{"first beyond the last", set64(8, 9217), ErrCount},
		{"more pieces than a file has", set64(16, 1<<44), ErrCount},
	})
}

func FuzzAsk(f *testing.F) {
	fuzzFrame(f, TypeAsk, []string{"ask"}, func(_ *testing.T, h Header, payload []byte) []byte {
		a, err := h.Ask(payload)
		if err != nil {
			return nil
		}
		return a.Append(nil)
	})
}

func FuzzDigests(f *testing.F) {
	fuzzFrame(f, TypeDigests, []string{"digests", "digests-none"}, func(_ *testing.T, h Header, payload []byte) []byte {
		d, err := h.Digests(payload, nil)
		if err != nil {
			return nil
		}
		return d.Append(nil)
	})
}

func FuzzKeep(f *testing.F) {
	fuzzFrame(f, TypeKeep, []string{"keep"}, func(_ *testing.T, h Header, _ []byte) []byte { return h.Leg().Append(nil) })
}
