// Package prbs makes test streams, checks them, and says what has happened to one that is not what it was.
//
// A stream is a sequence of words of 8 bytes, little-endian. Word i depends on the seed and on i alone:
//
//	word i = mix(key + i*stride)    key = scatter(seed)    stride odd    mix a bijection
//
// So any piece can be made and checked by itself, by anybody and in any order; and from a word one can tell where it belongs
// (Locate), since every step can be taken back. No word occurs twice within a stream.
//
// It is a test pattern and no cryptography. One multiplication a word buys the speed of memory, at this price: whoever knows
// a word and its place knows the whole stream; the words of any stream go through the same cycle of 1<<64 words, and seeds
// differ in where they begin; and a word repeats never, where of random ones some would.
package prbs

import "encoding/binary"

// wordSize is how many bytes a word has, and blockSize those of the words that are made or compared in one go.
const (
	wordSize  = 8
	blockSize = 8 * wordSize
)

// Sequence is the test stream of one seed, of 1<<64 bytes. It has no state: any goroutine may use it at any time.
type Sequence struct{ key uint64 }

// New gives the test stream of a seed. Each seed has its own.
func New(seed uint64) Sequence { return Sequence{scatter(seed)} }

// Seed is what New was given.
func (s Sequence) Seed() uint64 { return gather(s.key) }

// Word is the word that begins at byte 8*index of the stream; only the low 61 bits of index are a place in it.
func (s Sequence) Word(index uint64) uint64 { return mix(s.key + index*stride) }

// Locate gives the index of a word of the stream, one that no stream of ours is long enough for where the word is not of it.
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

// Match gives how many bytes of p, from the first on, are what the stream has from the byte at offset on: len(p) where all
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

// matchBlocks gives how many bytes of whole blocks are right, rounded down to a block; x is what the first word is mixed
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
