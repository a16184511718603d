package lab

import (
	"encoding/binary"
	"fmt"
)

// A counter stream is the words 0, 1, 2, ... of 64 bits each, little-endian:
//
//	offset  0                 8                 16
//	        00 00 00 00 ...   01 00 00 00 ...   02 00 00 00 ...
//
// A lost, repeated or misplaced leg shows at its first word.
const wordSize = 8

// Fill writes the counter stream's bytes from offset on into b. offset is a multiple of 8.
func Fill(b []byte, offset int64) {
	word := uint64(offset / wordSize)
	for ; len(b) >= wordSize; b = b[wordSize:] {
		binary.LittleEndian.PutUint64(b, word)
		word++
	}
	for i := range b {
		b[i] = byte(word >> (8 * i))
	}
}

// Checker compares what is written to it, in pieces of any size, with the counter stream. The zero value is at the
// beginning of the stream.
type Checker struct {
	offset int64
}

// Mismatch is the first byte that differs from the counter stream.
type Mismatch struct {
	Offset    int64
	Got, Want byte
}

func (m *Mismatch) Error() string {
	return fmt.Sprintf("byte at offset %d (%#x) is %#02x, want %#02x", m.Offset, m.Offset, m.Got, m.Want)
}

// Offset is how many bytes were written and correct.
func (c *Checker) Offset() int64 { return c.offset }

// Write checks b; the error is a *Mismatch. Nothing may be written after an error.
func (c *Checker) Write(b []byte) (int, error) {
	size := len(b)
	for len(b) > 0 {
		n := c.words(b)
		if n == 0 {
			n = 1
			if want := counterByte(c.offset); b[0] != want {
				return size - len(b), &Mismatch{Offset: c.offset, Got: b[0], Want: want}
			}
		}
		c.offset += int64(n)
		b = b[n:]
	}
	return size, nil
}

// words is how many bytes at the front of b are whole and correct words: 0 if none are, or if the offset is inside a
// word.
func (c *Checker) words(b []byte) int {
	if c.offset%wordSize != 0 {
		return 0
	}
	word, size := uint64(c.offset/wordSize), len(b)
	for len(b) >= wordSize && binary.LittleEndian.Uint64(b) == word {
		word++
		b = b[wordSize:]
	}
	return size - len(b)
}

func counterByte(offset int64) byte {
	return byte(uint64(offset/wordSize) >> (8 * (offset % wordSize)))
}
