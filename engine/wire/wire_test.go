package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// -update writes the golden files from what Append gives. A difference is a new wire version, not a new golden file.
var update = flag.Bool("update", false, "write testdata/*.golden")

// checkGolden compares encoded with testdata/name.golden; about is the first line of that file, for human readers.
func checkGolden(t *testing.T, name, about string, encoded []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(goldenPath(name), goldenText(about, encoded), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := readGolden(t, name); !bytes.Equal(encoded, want) {
		t.Errorf("%s: encoded\n% x\nwant\n% x", name, encoded, want)
	}
}

func readGolden(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(goldenPath(name))
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(text), "\n")
	b, err := hex.DecodeString(strings.Join(strings.Fields(body), ""))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return b
}

func goldenPath(name string) string { return filepath.Join("testdata", name+".golden") }

// goldenText is a comment line, then 16 bytes of hexadecimal to the line.
func goldenText(about string, encoded []byte) []byte {
	text := fmt.Appendf(nil, "# %s\n", about)
	for line := range slices.Chunk(encoded, 16) {
		text = fmt.Appendf(text, "% x\n", line)
	}
	return text
}

// with returns a copy of a message whose first size bytes end in their checksum: changed by edit, and the checksum put
// right.
func with(message []byte, size int, edit func(b []byte)) []byte {
	b := bytes.Clone(message)
	edit(b)
	le.PutUint32(b[size-4:], Checksum(b[:size-4]))
	return b
}

// broken is a message that must not parse, and why.
type broken struct {
	name string
	edit func(b []byte)
	want error
}

func set(at int, values ...byte) func([]byte) {
	return func(b []byte) { copy(b[at:], values) }
}

func set32(at int, v uint32) func([]byte) {
	return func(b []byte) { le.PutUint32(b[at:], v) }
}

func set64(at int, v uint64) func([]byte) {
	return func(b []byte) { le.PutUint64(b[at:], v) }
}

// checkBroken edits a good frame, puts its header checksum right and wants ParseHeader to refuse it.
func checkBroken(t *testing.T, good []byte, cases []broken) {
	t.Helper()
	for _, c := range cases {
		h, err := ParseHeader(with(good, HeaderLen, c.edit))
		if !errors.Is(err, c.want) || h != (Header{}) {
			t.Errorf("%s: got %+v, %v; want %v", c.name, h, err, c.want)
		}
	}
}

// checkEveryBit flips each bit of a message and wants an error for every one.
func checkEveryBit(t *testing.T, message []byte, parse func([]byte) error) {
	t.Helper()
	for i := range len(message) * 8 {
		b := bytes.Clone(message)
		b[i/8] ^= 1 << (i % 8)
		if parse(b) == nil {
			t.Errorf("bit %d of byte %d flipped: parsed all the same", i%8, i/8)
		}
	}
}

// mustParse parses the header of a frame and splits the payload off.
func mustParse(t require, frame []byte) (Header, []byte) {
	t.Helper()
	h, err := ParseHeader(frame)
	if err != nil {
		t.Fatal(err)
	}
	if len(frame) != HeaderLen+int(h.Length) {
		t.Fatalf("frame of %d bytes says %d bytes of payload", len(frame), h.Length)
	}
	return h, frame[HeaderLen:]
}

// require is what a *testing.T and a *rapid.T have in common.
type require interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// before makes a destination that holds something already, with and without room for more.
func before(t *rapid.T) []byte {
	held := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "held")
	return slices.Grow(held, rapid.IntRange(0, 700).Draw(t, "room"))
}

// behind wants encoded to be held and something after it, and returns what is after it.
func behind(t *rapid.T, held, encoded []byte) []byte {
	if !bytes.HasPrefix(encoded, held) {
		t.Fatalf("Append changed what was there: % x", encoded)
	}
	return encoded[len(held):]
}

func drawCount(t *rapid.T, name string) uint64 { return rapid.Uint64Range(0, maxCount).Draw(t, name) }

func TestChecksumIsCRC32C(t *testing.T) {
	// RFC 3720 appendix B.4: 32 bytes of zeros, of ones, and rising.
	rising := make([]byte, 32)
	for i := range rising {
		rising[i] = byte(i)
	}
	for _, c := range []struct {
		in   []byte
		want uint32
	}{
		{nil, 0},
		{make([]byte, 32), 0x8a9136aa},
		{bytes.Repeat([]byte{0xff}, 32), 0x62a8ab43},
		{rising, 0x46dd794e},
	} {
		if got := Checksum(c.in); got != c.want {
			t.Errorf("Checksum(% x) = %#x, want %#x", c.in, got, c.want)
		}
	}
}

func TestStreamIDString(t *testing.T) {
	id := StreamID{0, 1, 0xab, 15: 0xff}
	if got, want := id.String(), "0001ab000000000000000000000000ff"; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
}
