package wire1

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

// The vectors are made by hand, from SPEC1.md.
func TestVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/vectors.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 5 || fields[0] == "#" {
			continue
		}
		n++
		var p Packet
		fmt.Sscanf(strings.Join(fields[:4], " "), "%d %d %x %x", &p.Number, &p.Size, &p.Checksum, &p.Opcode)
		want, err := hex.DecodeString(strings.Join(fields[4:], ""))
		if err != nil || len(want) != HeaderLen {
			t.Fatalf("%s: %v, %d bytes", line, err, len(want))
		}
		if got := p.Append(nil); !bytes.Equal(got, want) {
			t.Errorf("%+v is\n%x, want\n%x", p, got, want)
		}
		if got, err := Parse((*[HeaderLen]byte)(want)); got != p || err != nil {
			t.Errorf("%x is %+v (%v), want %+v", want, got, err, p)
		}
	}
	if n != 4 {
		t.Errorf("%d vectors", n)
	}
}

func TestImpossible(t *testing.T) {
	good := Packet{Number: 7, Size: 9, Opcode: Leg}
	for name, c := range map[string]struct {
		spoil func(b []byte)
		want  error
	}{
		"preamble":           {func(b []byte) { b[7]++ }, ErrPreamble},
		"opcode":             {func(b []byte) { b[32]++ }, ErrOpcode},
		"size":               {func(b []byte) { b[18], b[16] = 0x20, 1 }, ErrSize},
		"huge size":          {func(b []byte) { b[23] = 0x80 }, ErrSize},
		"end with payload":   {func(b []byte) { b[32], b[33] = 0xad, 0xde }, ErrSize},
		"checksum":           {func(b []byte) { b[28] = 1 }, ErrChecksum},
		"everything at once": {func(b []byte) { copy(b, "GET / HTTP/1.1\r\nHost: example.net\r\n\r\n") }, ErrPreamble},
	} {
		b := good.Append(nil)
		c.spoil(b)
		if _, err := Parse((*[HeaderLen]byte)(b)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// The sums are worked out by hand in the comments, from the words of SPEC1.md.
func TestChecksum(t *testing.T) {
	var c Chain
	// Leg 0: 8 bytes 01 00 .. 00, so word 1. seed 0xff + 0. Multiples 0 and 8: (1+0) + (1+8) = 10. 0xff + 10 = 0x109.
	step(t, &c, []byte{1, 0, 0, 0, 0, 0, 0, 0}, 0x109, true)
	// Leg 1: 17 bytes that begin with 02, word 2. seed 0x109 + 1 = 0x10a. Multiples 0, 8, 16: 2 + 10 + 18 = 30 = 0x1e. 0x128.
	step(t, &c, append([]byte{2}, make([]byte, 16)...), 0x128, true)
	// Leg 2: 8 bytes of ff, word 0xffffffff in 32 bits. seed 0x12a. 2 * 0xffffffff + 8 = 6. 0x130.
	step(t, &c, bytes.Repeat([]byte{0xff}, 8), 0x130, true)
	// Leg 3: 7 bytes that begin with 01: not defined; with a zero behind it, seed 0x133 and multiple 0 only: 0x134.
	step(t, &c, []byte{1, 0, 0, 0, 0, 0, 0}, 0x134, false)
}

func step(t *testing.T, c *Chain, leg []byte, want uint32, known bool) {
	t.Helper()
	sum, sure := c.Next(leg, len(leg))
	if sum != want || sure != known {
		t.Errorf("leg %d: %#x %v, want %#x %v", c.next, sum, sure, want, known)
	}
	c.Took(sum)
}

func TestSpeaks(t *testing.T) {
	own := [PhraseLen]byte{'a', 'b', 'c', 'd'}
	for _, c := range []struct {
		said         string
		phrase       [PhraseLen]byte
		maybe, whole bool
	}{
		{"", [4]byte{}, true, false}, {"yo", [4]byte{}, true, false}, {"yoes", [4]byte{}, true, true}, {"yoes\x5a", [4]byte{}, true, true},
		{"GET ", [4]byte{}, false, false}, {"SSH-", [4]byte{}, false, false}, {"y0es", [4]byte{}, false, false}, {"yoeS", [4]byte{}, false, false},
		{"abcd", own, true, true}, {"yoes", own, false, false}, {"\xf6VMP", [4]byte{}, false, false},
		{"\xf6VMP", [4]byte{0xf6, 'V', 'M', 'P'}, false, false},
	} {
		if maybe, whole := Speaks([]byte(c.said), c.phrase); maybe != c.maybe || whole != c.whole {
			t.Errorf("%q for %q: %v %v, want %v %v", c.said, c.phrase, maybe, whole, c.maybe, c.whole)
		}
	}
}

// What parses is encoded again to the same bytes.
func FuzzParse(f *testing.F) {
	f.Add(Packet{Number: 1, Size: 2, Checksum: 3, Opcode: Leg}.Append(nil))
	f.Add(Packet{Number: 1, Opcode: End}.Append(nil))
	f.Add([]byte("GET / HTTP/1.1\r\nHost: example.net\r\n\r\n...."))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < HeaderLen {
			return
		}
		p, err := Parse((*[HeaderLen]byte)(b))
		if err == nil && (p.Size > MaxLeg || !bytes.Equal(p.Append(nil), b[:HeaderLen])) {
			t.Errorf("%x is %+v", b, p)
		}
	})
}
