package prbs

import (
	"encoding/binary"
	"math/bits"
)

// Kind is what has happened to a piece of a stream.
type Kind int

// The kinds of damage.
const (
	Intact  Kind = iota
	Flipped      // a few bits are not what they were
	Moved        // what came belongs to another place of the stream
	Other        // what came is the stream of another seed
	Blank        // zeroes came
	Foreign      // something else came
)

// Finding says what has happened to a piece of a stream.
type Finding struct {
	Kind  Kind
	At    int    // the first wrong byte of the piece; 0 for an intact piece, as is all below
	Span  int    // bytes from there to the last wrong one; with Moved and Other, those that the Kind holds for
	Bits  int    // how many are wrong
	Bit   int    // with Flipped, which bit of its byte: 0 is the lowest
	Came  byte   // what came in place of the first wrong byte
	Want  byte   // and what should have come
	Place uint64 // with Moved, the offset that the first wrong byte belongs to
	Seed  uint64 // with Other, the other stream's seed
}

const (
	// proof is how many bytes in a row must fit for a place or a seed to be believed: a chance of 2^-64, because a word
	// was used to find them.
	proof = 2 * wordSize
	// farthest is how far away, in bytes, a piece may belong: a day at a gigabyte a second. All streams go through one cycle, so
	// what fits beyond is the stream of another seed; of half a million other seeds one would be taken for this one, moved.
	farthest = 1 << 47
	// fewBits of 64 is the limit of Flipped: in two unrelated pieces, half of the bits differ.
	fewBits = 8
)

// Examine says what has happened to p, which should be what the stream has from the byte at offset on. It takes several times
// as long as Match.
func (s Sequence) Examine(p []byte, offset uint64) Finding {
	at := s.Match(p, offset)
	if at == len(p) {
		return Finding{}
	}
	f := s.compare(p, offset, at)
	if f.Bits*64 <= f.Span*8*fewBits && f.Span >= proof || f.Bits <= fewBits && f.Span < proof {
		f.Kind = Flipped
	}
	if f.Bits == 1 {
		return f
	}
	rest, offset := p[at:], offset+uint64(at)
	if place, n := s.place(rest, offset); n > 0 {
		f.Kind, f.Place, f.Span = Moved, place, n
		return f
	}
	if seed, n := other(rest, offset); n > 0 {
		f.Kind, f.Seed, f.Span = Other, seed, n
		return f
	}
	if f.Kind == Flipped {
		return f
	}
	if n := zeroes(rest); n >= proof || n == len(rest) {
		f.Kind, f.Span = Blank, n
	}
	return f
}

// compare counts what is wrong in p; at is its first wrong byte.
func (s Sequence) compare(p []byte, offset uint64, at int) Finding {
	f := Finding{Kind: Foreign, At: at}
	var want [4096]byte
	for i := at; i < len(p); i += len(want) {
		part := p[i:min(i+len(want), len(p))]
		s.Fill(want[:len(part)], offset+uint64(i))
		for j, came := range part {
			wrong := came ^ want[j]
			if wrong == 0 {
				continue
			}
			if f.Bits == 0 {
				f.Came, f.Want, f.Bit = came, want[j], bits.TrailingZeros8(wrong)
			}
			f.Bits += bits.OnesCount8(wrong)
			f.Span = i + j + 1 - at
		}
	}
	return f
}

// place finds where p belongs, and how many bytes of it do; n is 0 if nothing is found near the offset.
func (s Sequence) place(p []byte, offset uint64) (place uint64, n int) {
	for skip := 0; skip < wordSize && len(p) >= skip+proof; skip++ {
		place = s.Locate(binary.LittleEndian.Uint64(p[skip:]))*wordSize - uint64(skip)
		if away := place - offset; away+farthest >= 2*farthest || int64(place) < 0 {
			continue
		}
		if n := s.Match(p, place); n >= skip+proof {
			return place, n
		}
	}
	return 0, 0
}

// other finds the seed of whose stream p is, from the byte at offset on, and how many bytes of it are; n is 0 where nothing is
// found.
func other(p []byte, offset uint64) (seed uint64, n int) {
	skip := int(-offset % wordSize)
	if len(p) < skip+proof {
		return 0, 0
	}
	index := (offset + uint64(skip)) / wordSize
	s := Sequence{unmix(binary.LittleEndian.Uint64(p[skip:])) - index*stride}
	if n := s.Match(p, offset); n >= skip+proof {
		return s.Seed(), n
	}
	return 0, 0
}

// zeroes counts those that p begins with.
func zeroes(p []byte) int {
	for i, b := range p {
		if b != 0 {
			return i
		}
	}
	return len(p)
}
