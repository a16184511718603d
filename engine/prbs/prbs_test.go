package prbs

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"testing"

	"pgregory.net/rapid"
)

// The words of a few seeds, so that another version, or another program, makes the same streams.
func TestKnownWords(t *testing.T) {
	for _, c := range []struct {
		seed  uint64
		words [4]uint64 // of the indices below
	}{
		{0x0, [4]uint64{0x9487ca6afb651962, 0x1a930faa7b8d7fc1, 0x3040d1c20fd76c5d, 0x773c157a0d9a24dd}},
		{0x1, [4]uint64{0x5d779b0392759177, 0x2263086d9ec6426c, 0x54c9f0f5db279f2e, 0x176b27b3f4dd67e6}},
		{0xd00f, [4]uint64{0xe446ed528ad66ecc, 0xaa9a4ba1bf6dbb64, 0x76723cb00b4d333d, 0x717309481123bd3d}},
		{0xffffffffffffffff, [4]uint64{0xef3be4226dc6458a, 0xb939be3923025d9d, 0x2cf05e7ca3006153, 0xec4323d41c83e139}},
	} {
		s := New(c.seed)
		for i, index := range []uint64{0, 1, 2, 1 << 40} {
			if got := s.Word(index); got != c.words[i] {
				t.Errorf("seed %#x, word %d: %#x, want %#x", c.seed, index, got, c.words[i])
			}
			p := make([]byte, wordSize)
			s.Fill(p, index*wordSize)
			if got := binary.LittleEndian.Uint64(p); got != c.words[i] {
				t.Errorf("seed %#x, bytes from %d: %#x, want %#x", c.seed, index*wordSize, got, c.words[i])
			}
		}
	}
}

// slowly is Fill as the package comment has it.
func slowly(s Sequence, n int, offset uint64) []byte {
	p := make([]byte, n)
	for i := range p {
		at := offset + uint64(i)
		p[i] = byte(s.Word(at/wordSize) >> (at % wordSize * 8))
	}
	return p
}

// Every head, tail and length around words and blocks, and around the end of the offsets.
func TestEveryBoundary(t *testing.T) {
	s := New(7)
	for _, base := range []uint64{0, 4096, 1 << 32, 1<<63 - 64, 1<<64 - 3*blockSize} {
		for head := range uint64(2 * wordSize) {
			for n := range 3 * blockSize {
				want := slowly(s, n, base+head)
				got := make([]byte, n+1)
				s.Fill(got[:n], base+head)
				if !bytes.Equal(got[:n], want) || got[n] != 0 {
					t.Fatalf("%d bytes from %d on are wrong", n, base+head)
				}
				if m := s.Match(want, base+head); m != n {
					t.Fatalf("%d bytes of %d from %d on match", m, n, base+head)
				}
			}
		}
	}
}

// A byte that is wrong is found wherever it is.
func TestMatchFindsEveryByte(t *testing.T) {
	s := New(1)
	for head := range uint64(wordSize) {
		p := slowly(s, 5*blockSize, head)
		for i := range p {
			p[i] ^= 0x10
			if m := s.Match(p, head); m != i {
				t.Fatalf("head %d: byte %d is wrong, %d match", head, i, m)
			}
			p[i] ^= 0x10
		}
	}
}

func TestStepsCanBeTakenBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, seed := rapid.Uint64().Draw(t, "x"), rapid.Uint64().Draw(t, "seed")
		s := New(seed)
		if unmix(mix(x)) != x || mix(unmix(x)) != x {
			t.Error("mix is no bijection")
		}
		if s.Seed() != seed || scatter(gather(x)) != x {
			t.Error("the seed is lost")
		}
		if s.Locate(s.Word(x)) != x {
			t.Errorf("word %d is found at %d", x, s.Locate(s.Word(x)))
		}
	})
}

// Half the bits of a word differ from those of the word before it, of the word of a neighbouring seed, and of the word a leg
// further on; and each bit is set in half of the words.
func TestBitsAreBalanced(t *testing.T) {
	const words = 1 << 16
	s, neighbour := New(1), New(2)
	for name, other := range map[string]func(i uint64) uint64{
		"set":                  func(uint64) uint64 { return 0 },
		"against the next":     func(i uint64) uint64 { return s.Word(i + 1) },
		"against the next leg": func(i uint64) uint64 { return s.Word(i + 1<<17) },
		"against another seed": neighbour.Word,
	} {
		var ones [64]int
		for i := range uint64(words) {
			for w := s.Word(i) ^ other(i); w != 0; w &= w - 1 {
				ones[bits.TrailingZeros64(w)]++
			}
		}
		for bit, n := range ones {
			if n < words*48/100 || n > words*52/100 {
				t.Errorf("%s: bit %d in %.1f %% of the words", name, bit, 100*float64(n)/words)
			}
		}
	}
}

var sizes = []struct {
	name  string
	bytes int
}{{"4K", 4 << 10}, {"1M", 1 << 20}, {"4M", 4 << 20}}

func BenchmarkFill(b *testing.B) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			p, s, offset := make([]byte, size.bytes), New(1), uint64(0)
			b.SetBytes(int64(size.bytes))
			for b.Loop() {
				s.Fill(p, offset)
				offset += uint64(size.bytes)
			}
		})
	}
}

func BenchmarkMatch(b *testing.B) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			p, s := make([]byte, size.bytes), New(1)
			s.Fill(p, 0)
			b.SetBytes(int64(size.bytes))
			for b.Loop() {
				if n := s.Match(p, 0); n != len(p) {
					b.Fatalf("%d bytes match", n)
				}
			}
		})
	}
}

func ExampleSequence_Examine() {
	s := New(0xd00f)
	p := make([]byte, 1000)
	s.Fill(p, 5000)
	p[123] ^= 1 << 6
	f := s.Examine(p, 5000)
	fmt.Println(f.Kind == Flipped, f.At, f.Bit)
	// Output: true 123 6
}
