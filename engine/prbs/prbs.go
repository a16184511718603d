// Package prbs makes test streams, checks them, and says what has happened to a stream that was changed.
//
// A stream is a sequence of words of 8 bytes, little-endian. Word i depends on the seed and on i alone:
//
//	word i = mix(key + i*stride)    key = scatter(seed)    stride odd    mix a bijection
//
// So any piece can be made and checked by itself, by anybody and in any order; and from a word one can tell where it belongs
// (Locate), because every step can be undone. No word occurs twice within a stream.
//
//	prbs.go      streams are made and checked
//	mix.go       the steps, and how they are undone
//	examine.go   what has happened to a piece of a stream
//
// It is a test pattern, not cryptography. One multiplication per word makes it as fast as memory, at this price: a word and its
// place give away the whole stream; all streams go through the same cycle of 1<<64 words, and seeds differ only in where they begin;
// and no word ever repeats, as some random ones would.
package prbs

import "encoding/binary"

// wordSize is the size of a word, and blockSize that of the words made or compared in one go, in bytes.
const (
	wordSize  = 8
	blockSize = 8 * wordSize
)

// Sequence is the test stream of one seed, of 1<<64 bytes. It has no state: any goroutine may use it at any time.
type Sequence struct{ key uint64 }

// New returns the test stream of a seed. Each seed has its own.
func New(seed uint64) Sequence { return Sequence{scatter(seed)} }

// Seed is what New was given.
func (s Sequence) Seed() uint64 { return gather(s.key) }

// Word is the word that begins at byte 8*index of the stream; only the low 61 bits of index are a place in it.
func (s Sequence) Word(index uint64) uint64 { return mix(s.key + index*stride) }

// Locate returns the index of a word of the stream. For a word that is not part of it, the index is beyond any stream of ours.
func (s Sequence) Locate(word uint64) (index uint64) { return (unmix(word) - s.key) * strideInverse }

// Fill fills p with what the stream has from the byte at offset on.
func (s Sequence) Fill(p []byte, offset uint64) {
	n := min(int(-offset%wordSize), len(p))
	s.fillPart(p[:n], offset)
	p, offset = p[n:], offset+uint64(n)
	n = len(p) / blockSize * blockSize
	fillBlocks(p[:n], s.key+offset/wordSize*stride)
	s.fillPart(p[n:], offset+uint64(n))
}

// fillPart fills p word by word, the first and the last of which need not be whole.
func (s Sequence) fillPart(p []byte, offset uint64) {
	var word [wordSize]byte
	for len(p) > 0 {
		binary.LittleEndian.PutUint64(word[:], s.Word(offset/wordSize))
		n := copy(p, word[offset%wordSize:])
		p, offset = p[n:], offset+uint64(n)
	}
}

// fillBlocks fills whole blocks; x is what the first word is mixed from.
func fillBlocks(p []byte, x uint64) {
	for len(p) >= blockSize {
		b := p[:blockSize:blockSize]
		binary.LittleEndian.PutUint64(b[0:], mix(x))
		x += stride
		binary.LittleEndian.PutUint64(b[8:], mix(x))
		x += stride
		binary.LittleEndian.PutUint64(b[16:], mix(x))
		x += stride
		binary.LittleEndian.PutUint64(b[24:], mix(x))
		x += stride
		binary.LittleEndian.PutUint64(b[32:], mix(x))
		x += stride
		binary.LittleEndian.PutUint64(b[40:], mix(x))
		x += stride
		binary.LittleEndian.PutUint64(b[48:], mix(x))
		x += stride
		binary.LittleEndian.PutUint64(b[56:], mix(x))
		x += stride
		p = p[blockSize:]
	}
}

// Match returns how many bytes of p, from the first on, are what the stream has from the byte at offset on: len(p) if all
// are.
func (s Sequence) Match(p []byte, offset uint64) int {
	n := min(int(-offset%wordSize), len(p))
	if m := s.matchPart(p[:n], offset); m < n {
		return m
	}
	blocks := (len(p) - n) / blockSize * blockSize
	n += matchBlocks(p[n:n+blocks], s.key+(offset+uint64(n))/wordSize*stride)
	return n + s.matchPart(p[n:], offset+uint64(n))
}

// matchPart is Match word by word.
func (s Sequence) matchPart(p []byte, offset uint64) (n int) {
	var word [wordSize]byte
	for n < len(p) {
		binary.LittleEndian.PutUint64(word[:], s.Word(offset/wordSize))
		for _, want := range word[offset%wordSize:] {
			if n == len(p) || p[n] != want {
				return n
			}
			n++
			offset++
		}
	}
	return n
}

// matchBlocks returns how many bytes of whole blocks are right, rounded down to a block; x is what the first word is mixed
// from. The words of a block are compared without a branch.
func matchBlocks(p []byte, x uint64) int {
	all := len(p)
	for len(p) >= blockSize {
		b := p[:blockSize:blockSize]
		wrong := binary.LittleEndian.Uint64(b[0:]) ^ mix(x)
		x += stride
		wrong |= binary.LittleEndian.Uint64(b[8:]) ^ mix(x)
		x += stride
		wrong |= binary.LittleEndian.Uint64(b[16:]) ^ mix(x)
		x += stride
		wrong |= binary.LittleEndian.Uint64(b[24:]) ^ mix(x)
		x += stride
		wrong |= binary.LittleEndian.Uint64(b[32:]) ^ mix(x)
		x += stride
		wrong |= binary.LittleEndian.Uint64(b[40:]) ^ mix(x)
		x += stride
		wrong |= binary.LittleEndian.Uint64(b[48:]) ^ mix(x)
		x += stride
		wrong |= binary.LittleEndian.Uint64(b[56:]) ^ mix(x)
		x += stride
		if wrong != 0 {
			break
		}
		p = p[blockSize:]
	}
	return all - len(p)
}
