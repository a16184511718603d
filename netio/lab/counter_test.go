package lab

import (
	"bytes"
	"errors"
	"testing"
)

func TestCheckerTakesAnyPieces(t *testing.T) {
	stream := make([]byte, 1003)
	Fill(stream, 0)
	for _, piece := range []int{1, 3, 7, 8, 13, 64, 1003} {
		var c Checker
		for rest := stream; len(rest) > 0; {
			n := min(piece, len(rest))
			if _, err := c.Write(rest[:n]); err != nil {
				t.Fatalf("pieces of %d: %v", piece, err)
			}
			rest = rest[n:]
		}
		if c.Offset() != int64(len(stream)) {
			t.Errorf("pieces of %d: offset %d, want %d", piece, c.Offset(), len(stream))
		}
	}
}

func TestFillGoesOnAtAnOffset(t *testing.T) {
	whole, parts := make([]byte, 4<<10), make([]byte, 4<<10)
	Fill(whole, 0)
	Fill(parts[:1024], 0)
	Fill(parts[1024:], 1024)
	if !bytes.Equal(whole, parts) {
		t.Error("two parts are not the whole")
	}
}

func TestCheckerNamesTheFirstBadByte(t *testing.T) {
	for _, bad := range []int64{0, 1, 7, 8, 500, 1001, 1002} {
		stream := make([]byte, 1003)
		Fill(stream, 0)
		stream[bad] ^= 0x10
		var c Checker
		_, err := c.Write(stream)
		m, ok := errors.AsType[*Mismatch](err)
		if !ok || m.Offset != bad || m.Got != m.Want^0x10 {
			t.Errorf("byte %d is bad: got %v", bad, err)
		}
	}
}

func BenchmarkFill(b *testing.B) {
	buf := make([]byte, block)
	b.SetBytes(block)
	for b.Loop() {
		Fill(buf, 0)
	}
}

func BenchmarkCheck(b *testing.B) {
	buf := make([]byte, block)
	Fill(buf, 0)
	b.SetBytes(block)
	for b.Loop() {
		var c Checker
		if _, err := c.Write(buf); err != nil {
			b.Fatal(err)
		}
	}
}
