package wire1

import "encoding/binary"

// wordLen is how many bytes of a leg its checksum covers: the original takes the same 8 bytes again and again.
const wordLen = 8

// Chain computes the checksums of legs that come in the order of their numbers: each is seeded with the one before. The zero Chain
// is for the first leg.
type Chain struct {
	next uint64 // number of the next leg
	last uint32 // checksum of the one before it; 0xff before the first
}

// firstSeed is what the first leg is seeded with.
const firstSeed = 0xff

// Next is the checksum of the next leg, of so many bytes, of which these are the first; there may be more of them. known is false for a
// leg of fewer than 8 bytes, where the original reads what its memory happens to hold behind the leg: there the sum is that of a leg
// followed by zeros.
func (c *Chain) Next(first []byte, size int) (sum uint32, known bool) {
	var word [wordLen]byte
	copy(word[:], first[:min(len(first), size, wordLen)])
	return c.mix(uint32(binary.LittleEndian.Uint64(word[:])), uint32(size)), size >= wordLen
}

// Took goes on to the leg after the next, whose checksum was said to be sum.
func (c *Chain) Took(sum uint32) { c.last, c.next = sum, c.next+1 }

// mix adds to the seed, for each multiple of 8 from 0 to the size itself, the word and that multiple, all modulo 1<<32.
func (c *Chain) mix(word, size uint32) uint32 {
	sum := c.last
	if c.next == 0 {
		sum = firstSeed
	}
	sum += uint32(c.next)
	for at := uint32(0); at <= size; at += wordLen {
		sum += word + at
	}
	return sum
}
