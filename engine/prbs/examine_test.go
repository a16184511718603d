package prbs

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// piece is what the stream of a seed has.
func piece(seed uint64, n int, offset uint64) []byte {
	p := make([]byte, n)
	New(seed).Fill(p, offset)
	return p
}

// Legs of 1000 bytes, of which the one at byte 5000 is examined.
func TestExamine(t *testing.T) {
	const seed, at, leg = 0xd00f, 5000, 1000
	right := piece(seed, leg, at)
	change := func(f func(p []byte)) []byte {
		p := slices.Clone(right)
		f(p)
		return p
	}
	for _, c := range []struct {
		name string
		p    []byte
		want Finding // without Bits, Came and Want where there are too many to write down
	}{
		{"intact", right, Finding{}},
		{"nothing", nil, Finding{}},
		{"a bit", change(func(p []byte) { p[0] ^= 1 }), Finding{Kind: Flipped, At: 0, Span: 1, Bits: 1, Bit: 0}},
		{"the last bit", change(func(p []byte) { p[999] ^= 128 }), Finding{Kind: Flipped, At: 999, Span: 1, Bits: 1, Bit: 7}},
		{"two bits of a byte", change(func(p []byte) { p[7] ^= 3 }), Finding{Kind: Flipped, At: 7, Span: 1, Bits: 2, Bit: 0}},
		{"two bits far apart", change(func(p []byte) { p[1] ^= 4; p[900] ^= 1 }), Finding{Kind: Flipped, At: 1, Span: 900, Bits: 2, Bit: 2}},
		{"the next leg", piece(seed, leg, at+leg), Finding{Kind: Moved, Span: leg, Place: at + leg}},
		{"the leg before", piece(seed, leg, at-leg), Finding{Kind: Moved, Span: leg, Place: at - leg}},
		{"a byte too far", piece(seed, leg, at+1), Finding{Kind: Moved, Span: leg, Place: at + 1}},
		{"a terabyte away", piece(seed, leg, at+1<<40), Finding{Kind: Moved, Span: leg, Place: at + 1<<40}},
		{"3 bytes lost in the middle", change(func(p []byte) { copy(p[500:], piece(seed, 500, at+503)) }),
			Finding{Kind: Moved, At: 500, Span: 500, Place: at + 503}},
		{"17 bytes repeated", change(func(p []byte) { copy(p[101:], piece(seed, 17, at)) }),
			Finding{Kind: Moved, At: 101, Span: 17, Place: at}},
		{"another seed", piece(1, leg, at), Finding{Kind: Other, Span: leg, Seed: 1}},
		{"zeroes", make([]byte, leg), Finding{Kind: Blank, Span: leg}},
		{"a page of zeroes", change(func(p []byte) { clear(p[100:612]) }), Finding{Kind: Blank, At: 100, Span: 512}},
		{"text", []byte("It was the best of times, it was the worst of times"), Finding{Kind: Foreign, Span: 51}},
		{"a short leg of another place", piece(seed, 10, 0), Finding{Kind: Foreign, Span: 10}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := New(seed).Examine(c.p, at)
			if c.want.Kind == Flipped {
				c.want.Came, c.want.Want = c.p[got.At], right[got.At]
			} else {
				got.Bits, got.Bit, got.Came, got.Want = 0, 0, 0, 0
			}
			if got != c.want {
				t.Errorf("\n got %+v\nwant %+v", got, c.want)
			}
		})
	}
}

// What belongs elsewhere is found there, whatever the place, the length and how far the bytes are out of step. Its first bytes
// may be right by chance.
func TestMovedIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		at := rapid.Uint64Range(0, 1<<46).Draw(t, "at")
		from := rapid.Uint64Range(0, 1<<46).Draw(t, "from")
		n := rapid.IntRange(64, 4096).Draw(t, "length")
		if at == from {
			return
		}
		f := New(seed).Examine(piece(seed, n, from), at)
		if f.Kind != Moved || f.Place != from+uint64(f.At) || f.Span != n-f.At {
			t.Errorf("%+v", f)
		}
	})
}

// The seed of whose stream a piece is is found.
func TestOtherIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed, came := rapid.Uint64().Draw(t, "seed"), rapid.Uint64().Draw(t, "came")
		at := rapid.Uint64Range(0, 1<<46).Draw(t, "at")
		if seed == came {
			return
		}
		f := New(seed).Examine(piece(came, 1000, at), at)
		if f.Kind != Other || f.Seed != came {
			t.Errorf("%+v", f)
		}
	})
}

// FuzzExamine: a finding agrees with the bytes, whatever they are.
func FuzzExamine(f *testing.F) {
	f.Add(uint64(1), uint64(3), piece(1, 200, 3))
	f.Add(uint64(1), uint64(3), piece(1, 200, 400))
	f.Add(uint64(1), uint64(8), piece(2, 200, 8))
	f.Add(uint64(1), uint64(1<<63), make([]byte, 100))
	f.Fuzz(func(t *testing.T, seed, at uint64, p []byte) {
		s := New(seed)
		got, want := s.Examine(p, at), slowly(s, len(p), at)
		m := s.Match(p, at)
		if (got.Kind == Intact) != (m == len(p)) || got.Kind == Intact && got != (Finding{}) {
			t.Fatalf("%+v, but %d of %d bytes match", got, m, len(p))
		}
		if !slices.Equal(p[:m], want[:m]) || m < len(p) && p[m] == want[m] {
			t.Fatalf("%d bytes do not match, or more", m)
		}
		if got.Kind == Intact {
			return
		}
		if got.At != m || got.Came != p[m] || got.Want != want[m] || got.Bits < 1 || got.Span < 1 || m+got.Span > len(p) {
			t.Fatalf("%+v does not fit", got)
		}
		came := p[m : m+got.Span]
		switch got.Kind {
		case Moved:
			if !slices.Equal(came, slowly(s, got.Span, got.Place)) {
				t.Fatalf("%+v: it does not belong there", got)
			}
		case Other:
			if !slices.Equal(came, slowly(New(got.Seed), got.Span, at+uint64(m))) {
				t.Fatalf("%+v: it is not that seed's", got)
			}
		}
	})
}
