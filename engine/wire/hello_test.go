package wire

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"
)

var testStream = StreamID{
	0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
	0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
}

func testHello() Hello {
	return Hello{
		Version:    Version,
		Flags:      FlagResume,
		Features:   FeatureChecksum,
		Phrase:     [4]byte{'b', 'e', 'e', 'f'},
		Stream:     testStream,
		Link:       3,
		Generation: 2,
		MaxLeg:     256 << 10,
		Links:      16,
	}
}

func TestHelloGolden(t *testing.T) {
	checkGolden(t, "hello", "HELLO resume, checksum, phrase beef, stream 0011..eeff, link 3 of 16, generation 2, "+
		"legs of 256 KiB", testHello().Append(nil))
	checkGolden(t, "hello-plain", "HELLO no flags, no features, no phrase, stream 0011..eeff, link 0 of 1, "+
		"generation 0, legs of 4 MiB", Hello{Stream: testStream, MaxLeg: MaxLeg, Links: 1}.Append(nil))
	sized := testHello()
	sized.Size = 5<<30 + 7
	checkGolden(t, "hello-sized", "HELLO as hello, and a stream of 5 GiB and 7 bytes", sized.Append(nil))
}

func TestHelloRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Hello{
			Version:    Version,
			Flags:      rapid.Uint16Range(0, FlagResume).Draw(t, "flags"),
			Features:   rapid.Uint32().Draw(t, "features"),
			Phrase:     [4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "phrase")),
			Stream:     StreamID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "stream")),
			Link:       rapid.Uint32().Draw(t, "link"),
			Generation: rapid.Uint32().Draw(t, "generation"),
			MaxLeg:     rapid.Uint32Range(1, MaxLeg).Draw(t, "max leg"),
			Links:      rapid.Uint32().Draw(t, "links"),
			Size:       rapid.Uint64Range(0, math.MaxInt64).Draw(t, "size"),
		}
		held := before(t)
		b := behind(t, held, want.Append(held))
		if len(b) != HelloLen {
			t.Fatalf("%d bytes", len(b))
		}
		if got, err := ParseHello(b); err != nil || got != want {
			t.Fatalf("got %+v, %v; want %+v", got, err, want)
		}
	})
}

func TestHelloVersionZeroIsOurs(t *testing.T) {
	h, err := ParseHello(Hello{MaxLeg: 1}.Append(nil))
	if err != nil || h.Version != Version {
		t.Errorf("got %+v, %v", h, err)
	}
}

// Another version is told from 6 bytes on, whatever follows: wrong checksum, unknown flags, another length.
func TestHelloOtherVersion(t *testing.T) {
	other := testHello()
	other.Version = 0x0103
	good := other.Append(nil)
	bad := append([]byte(nil), good...)
	bad[6], bad[50], bad[63] = 0xff, 1, bad[63]+1
	for _, b := range [][]byte{good, bad, good[:prologueLen], good[:20]} {
		h, err := ParseHello(b)
		if !errors.Is(err, ErrVersion) || h != (Hello{Version: 0x0103}) {
			t.Errorf("%d bytes: got %+v, %v", len(b), h, err)
		}
	}
}

func TestHelloCutAnywhere(t *testing.T) {
	b := testHello().Append(nil)
	for n := range HelloLen {
		if h, err := ParseHello(b[:n]); !errors.Is(err, ErrShort) || h != (Hello{}) {
			t.Errorf("%d bytes: got %+v, %v", n, h, err)
		}
	}
	if _, err := ParseHello(append(b, "next"...)); err != nil {
		t.Errorf("with a frame behind it: %v", err)
	}
}

func TestHelloRefused(t *testing.T) {
	for _, c := range []broken{
		{"version 1 phrase", set(0, 'b', 'e', 'e', 'f'), ErrMagic},
		{"the welcome's magic", set(0, 0xf7), ErrMagic},
		{"last byte of magic", set(3, 'p'), ErrMagic},
		{"unknown flag", set(6, 2), ErrReserved},
		{"high flag", set(7, 0x80), ErrReserved},
		{"first reserved byte", set(56, 1), ErrReserved},
		{"last reserved byte", set(59, 1), ErrReserved},
		{"legs of 0", set32(40, 0), ErrLength},
		{"legs above the limit", set32(40, MaxLeg+1), ErrLength},
		{"size above the limit", set(55, 0x80), ErrLength},
	} {
		h, err := ParseHello(with(testHello().Append(nil), HelloLen, c.edit))
		if !errors.Is(err, c.want) || h != (Hello{}) {
			t.Errorf("%s: got %+v, %v; want %v", c.name, h, err, c.want)
		}
	}
}

// A stranger is known by his first byte; nobody waits for 63 more.
func TestHelloStranger(t *testing.T) {
	for c := range 256 {
		_, err := ParseHello([]byte{byte(c)})
		want := ErrMagic
		if c == 0xf6 {
			want = ErrShort
		}
		if !errors.Is(err, want) {
			t.Errorf("first byte %#x: %v, want %v", c, err, want)
		}
	}
}

func TestHelloEveryBit(t *testing.T) {
	checkEveryBit(t, testHello().Append(nil), func(b []byte) error {
		_, err := ParseHello(b)
		return err
	})
}

func FuzzHello(f *testing.F) {
	fuzzGreeting(f, []string{"hello", "hello-plain", "hello-sized", "welcome"}, func(b []byte) ([]byte, error) {
		h, err := ParseHello(b)
		return h.Append(nil), err
	})
}
