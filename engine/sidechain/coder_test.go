package sidechain

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// text is bytes that become shorter, and so do not those of noise.
func text(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	var b bytes.Buffer
	for b.Len() < n {
		b.WriteString([]string{"zfs send ", "dozer/visage", "@now | ", "viamillipede ", "tx ", "host1 "}[r.IntN(6)])
	}
	return b.Bytes()[:n]
}

func noise(seed uint64, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(seed)}).Read(b)
	return b
}

// doubles is a program that makes two bytes of each.
type doubles struct{ halves bool }

func (d doubles) Run(dst, src []byte) (int, error) {
	if d.halves {
		for i := 0; i+1 < len(src); i += 2 {
			dst[i/2] = src[i] ^ src[i+1]
		}
		return len(src) / 2, nil
	}
	if 2*len(src) > len(dst) {
		return 0, ErrRoom
	}
	for i, b := range src {
		dst[2*i], dst[2*i+1] = b^byte(i), byte(i)
	}
	return 2 * len(src), nil
}

func (doubles) Spent() time.Duration { return 0 }
func (doubles) End()                 {}

const most = 64 << 10

// ends are coders of both ends of a chain.
func ends(c Chain) (there, back *Coder) {
	own := Chain{Steps: append([]Step(nil), c.Steps...)}
	for i := range own.Steps {
		if own.Steps[i].Codec == Command {
			own.Steps[i].Program = doubles{halves: true}
		}
	}
	var auto *Auto
	if c.Auto {
		auto = NewAuto()
	}
	return NewCoder(c, most, auto), NewCoder(own, most, nil)
}

// builtIn are the codecs that encode without a program.
var builtIn = []Step{{Codec: Zstd}, {Codec: Zstd, Level: 4}, {Codec: S2}, {Codec: S2, Level: 3}, {Codec: Gzip}, {Codec: Gzip, Level: 9}}

func drawStep(t *rapid.T) Step {
	s := rapid.SampledFrom(append(builtIn, Step{Codec: Command, Program: doubles{}})).Draw(t, "step")
	return s
}

// What goes through a chain comes back, whatever the chain, the size and the bytes; and never takes more than its room.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Chain{Steps: rapid.SliceOfN(rapid.Custom(drawStep), 1, MaxSteps).Draw(t, "chain")}
		if rapid.IntRange(0, 4).Draw(t, "auto") == 0 {
			c = AutoChain()
		}
		there, back := ends(c)
		defer there.Close()
		defer back.Close()
		for range 2 { // a coder is used again
			n := rapid.SampledFrom([]int{1, 2, 100, 4096, most - 1, most}).Draw(t, "bytes")
			raw := text(uint64(n), n)
			if rapid.Bool().Draw(t, "noise") {
				raw = noise(uint64(n), n)
			}
			kept := bytes.Clone(raw)
			coded, applied, err := there.Encode(raw)
			if errors.Is(err, ErrRoom) && c.Commands() > 0 {
				continue // it has doubled too often
			}
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(raw, kept) {
				t.Fatal("the bytes have been changed")
			}
			if len(coded) > most || applied == 0 && !bytes.Equal(coded, raw) {
				t.Fatalf("%d bytes became %d, steps %b", len(raw), len(coded), applied)
			}
			if applied == 0 {
				continue
			}
			if got, err := back.Decode(bytes.Clone(coded), applied, len(raw)); err != nil || !bytes.Equal(got, raw) {
				t.Fatalf("%v, steps %b: %v; %d bytes came back of %d", c, applied, err, len(got), len(raw))
			}
		}
	})
}

// A step that does not help is left out, and one that is the user's own is not.
func TestOnlyWhatHelps(t *testing.T) {
	there, _ := ends(Chain{Steps: []Step{{Codec: Zstd}, {Codec: S2}}})
	if _, applied, err := there.Encode(noise(1, most)); err != nil || applied != 0 {
		t.Errorf("noise: steps %b, %v", applied, err)
	}
	if _, applied, err := there.Encode(text(1, most)); err != nil || applied&1 == 0 {
		t.Errorf("text: steps %b, %v", applied, err)
	}
	there, _ = ends(Chain{Steps: []Step{{Codec: Gzip}, {Codec: Command, Program: doubles{}}}})
	if _, applied, err := there.Encode(noise(1, most/4)); err != nil || applied != 2 {
		t.Errorf("noise through a command: steps %b, %v", applied, err)
	}
	if _, _, err := there.Encode(noise(1, most)); !errors.Is(err, ErrRoom) {
		t.Errorf("what becomes too long: %v", err)
	}
}

// Pieces that went through gzip are a file of gzip, one after the other.
func TestGzipIsGzip(t *testing.T) {
	there, _ := ends(Chain{Steps: []Step{{Codec: Gzip}}})
	var file, whole []byte
	for i := range 5 {
		raw := text(uint64(i), most-i)
		coded, applied, err := there.Encode(raw)
		if err != nil || applied != 1 {
			t.Fatalf("steps %b, %v", applied, err)
		}
		file, whole = append(file, coded...), append(whole, raw...)
	}
	z, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(z); err != nil || !bytes.Equal(got, whole) {
		t.Errorf("%d bytes of %d: %v", len(got), len(whole), err)
	}
}

// What a piece may become is what its header says, whatever it holds: a piece of many zeros is refused without memory for that.
func TestBomb(t *testing.T) {
	zeros := make([]byte, 12<<20)
	for _, s := range builtIn {
		big := NewCoder(Chain{Steps: []Step{s}}, len(zeros), nil)
		coded, _, err := big.Encode(zeros)
		if err != nil {
			t.Fatal(err)
		}
		coded = bytes.Clone(coded)
		big.Close()
		_, back := ends(Chain{Steps: []Step{s}})
		_, _ = back.Decode(coded, 1, 1) // its tables
		before := allocated()
		for _, announced := range []int{1, 4096, most} {
			if _, err := back.Decode(coded, 1, announced); err == nil {
				t.Errorf("%v: %d bytes are taken for %d", s.Codec, len(zeros), announced)
			}
		}
		if grew := allocated() - before; grew > 4<<20 {
			t.Errorf("%v: %d bytes of memory for a piece of %d", s.Codec, grew, most)
		}
		back.Close()
	}
}

// allocated is how many bytes of memory were made so far.
func allocated() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.TotalAlloc)
}

// A coder makes no memory for a piece.
func TestNoMemoryForAPiece(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector has pools drop at random what is put into them")
	}
	raw := text(1, most)
	for _, s := range builtIn {
		there, back := ends(Chain{Steps: []Step{s}})
		coded, applied, err := there.Encode(raw)
		if err != nil || applied != 1 {
			t.Fatalf("%v: steps %b, %v", s.Codec, applied, err)
		}
		coded = bytes.Clone(coded)
		if n := testing.AllocsPerRun(20, func() { _, _, _ = there.Encode(raw) }); n > 1 {
			t.Errorf("%v:%d: %v allocations to encode", s.Codec, s.Level, n)
		}
		if n := testing.AllocsPerRun(20, func() { _, _ = back.Decode(coded, applied, len(raw)) }); n > 2 {
			t.Errorf("%v: %v allocations to decode", s.Codec, n)
		}
		there.Close()
		back.Close()
	}
}

// What was not coded by the chain is an error that names the step.
func TestDecodeRefuses(t *testing.T) {
	_, back := ends(Chain{Steps: []Step{{Codec: Zstd}, {Codec: Gzip}}})
	for _, c := range []struct {
		applied uint8
		want    string
	}{{0, "steps"}, {4, "steps"}, {1, "zstd"}, {2, "gzip"}, {3, "gzip"}} {
		if _, err := back.Decode([]byte("neither"), c.applied, 100); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("steps %b: %v, want %q", c.applied, err, c.want)
		}
	}
}

// A hostile peer's bytes neither crash a decoder nor make it take memory. Lengths and steps are what a header may say.
func FuzzDecode(f *testing.F) {
	raw := text(7, 5000)
	var backs []*Coder
	for i, s := range append(builtIn, Step{Codec: Bzip2}) {
		there, back := ends(Chain{Steps: []Step{s}})
		backs = append(backs, back)
		if s.Codec != Bzip2 {
			coded, _, err := there.Encode(raw)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(uint8(i), uint16(len(raw)), bytes.Clone(coded))
		}
	}
	f.Add(uint8(6), uint16(1), []byte("BZh91AY&SY\x00"))
	f.Fuzz(func(t *testing.T, which uint8, length uint16, coded []byte) {
		back := backs[int(which)%len(backs)]
		begun, before := time.Now(), allocated()
		got, err := back.Decode(coded, 1, int(length)+1)
		if err == nil && len(got) != int(length)+1 {
			t.Errorf("%d bytes, want %d", len(got), length+1)
		}
		if grew := allocated() - before; grew > 32<<20 {
			t.Errorf("%d bytes of memory", grew)
		}
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}
