package wire

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func testCall() Call {
	return Call{
		Version:    Version,
		Flags:      FlagResume,
		Path:       1,
		Paths:      3,
		Link:       4,
		Links:      16,
		Phrase:     [4]byte{'b', 'e', 'e', 'f'},
		Stream:     testStream,
		Spill:      500,
		Generation: 2,
		Rate:       50 << 20,
		Receiver:   0x0123456789abcdef,
	}
}

func TestCallGolden(t *testing.T) {
	checkGolden(t, "call", "CALL resume, path 1 of 3, link 4 of 16, phrase beef, stream 0011..eeff, spill 500 ms, generation 2, "+
		"rate 50 MiB/s, receiver 0123456789abcdef", testCall().Append(nil))
	checkGolden(t, "call-plain", "CALL no flags, path 0 of 1, link 0 of 1, no phrase, no stream, spill never, generation 0, no rate, "+
		"receiver 1", Call{Paths: 1, Links: 1, Spill: SpillNever, Receiver: 1}.Append(nil))
}

func TestCallRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Call{
			Version:    Version,
			Flags:      rapid.Uint16Range(0, FlagResume).Draw(t, "flags"),
			Paths:      rapid.Uint8Range(1, mostLinks).Draw(t, "paths"),
			Links:      rapid.Uint8Range(1, mostLinks).Draw(t, "links"),
			Phrase:     [4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "phrase")),
			Spill:      rapid.Uint32().Draw(t, "spill"),
			Generation: rapid.Uint32().Draw(t, "generation"),
			Rate:       rapid.Uint64Range(0, maxCount).Draw(t, "rate"),
			Receiver:   rapid.Uint64().Draw(t, "receiver"),
		}
		want.Path = rapid.Uint8Range(0, want.Paths-1).Draw(t, "path")
		want.Link = rapid.Uint8Range(0, want.Links-1).Draw(t, "link")
		if want.Flags&FlagResume != 0 {
			want.Stream = StreamID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "stream"))
		}
		held := before(t)
		b := behind(t, held, want.Append(held))
		if len(b) != CallLen {
			t.Fatalf("%d bytes", len(b))
		}
		if got, err := ParseCall(b); err != nil || got != want {
			t.Fatalf("got %+v, %v; want %+v", got, err, want)
		}
	})
}

func TestCallRefuses(t *testing.T) {
	good := testCall().Append(nil)
	for _, c := range []broken{
		{"an unknown flag", set(6, 3), ErrReserved},
		{"reserved bytes", set(56, 1), ErrReserved},
		{"a stream without resume", set(6, 0), ErrReserved},
		{"no paths", set(8, 0, 0), ErrCount},
		{"a path too many", set(8, 3, 3), ErrCount},
		{"65 paths", set(9, 65), ErrCount},
		{"no links", set(10, 0, 0), ErrCount},
		{"a link too many", set(10, 16), ErrCount},
		{"65 links", set(11, 65), ErrCount},
		{"a rate out of range", set(47, 0x80), ErrCount},
		{"another version", set(4, 9), ErrVersion},
		{"another magic", set(0, 0xf7), ErrMagic},
	} {
		if _, err := ParseCall(with(good, CallLen, c.edit)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	bad := append([]byte(nil), good...)
	bad[20]++
	if _, err := ParseCall(bad); !errors.Is(err, ErrHeader) {
		t.Errorf("a changed byte: %v", err)
	}
	for n := range CallLen {
		if _, err := ParseCall(good[:n]); !errors.Is(err, ErrShort) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// A call, a hello and a welcome are told apart by their first byte.
func TestCallIsTold(t *testing.T) {
	call, hello := testCall().Append(nil), testHello().Append(nil)
	for n := 1; n <= CallLen; n++ {
		if !LikeCall(call[:n]) || LikeCall(hello[:n]) {
			t.Errorf("%d bytes: taken for each other", n)
		}
	}
	if LikeCall(nil) || IsHello(call) || IsWelcome(call) {
		t.Error("taken for each other")
	}
}

func FuzzCall(f *testing.F) {
	fuzzGreeting(f, []string{"call", "call-plain"}, func(b []byte) ([]byte, error) {
		c, err := ParseCall(b)
		return c.Append(nil), err
	})
}
