package wire

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func testWelcome() Welcome {
	return Welcome{
		Version:   Version,
		Verdict:   VerdictOK,
		Features:  FeatureChecksum,
		MaxLeg:    256 << 10,
		Stream:    testStream,
		Credit:    1024,
		Delivered: 7,
		Receiver:  0x0123456789abcdef,
	}
}

func TestWelcomeGolden(t *testing.T) {
	checkGolden(t, "welcome", "WELCOME ok, checksum, legs of 256 KiB, stream 0011..eeff, credit 1024, delivered 7, "+
		"receiver 0123456789abcdef", testWelcome().Append(nil))
	checkGolden(t, "welcome-busy", "WELCOME busy with another stream, all else zero",
		Welcome{Verdict: VerdictBusy}.Append(nil))
}

func TestWelcomeRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Welcome{
			Version:   Version,
			Verdict:   Verdict(rapid.Uint16().Draw(t, "verdict")),
			Features:  rapid.Uint32().Draw(t, "features"),
			MaxLeg:    rapid.Uint32Range(1, MaxLeg).Draw(t, "max leg"),
			Stream:    StreamID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "stream")),
			Credit:    rapid.Uint32().Draw(t, "credit"),
			Delivered: drawCount(t, "delivered"),
			Receiver:  rapid.Uint64().Draw(t, "receiver"),
		}
		held := before(t)
		b := behind(t, held, want.Append(held))
		if len(b) != WelcomeLen {
			t.Fatalf("%d bytes", len(b))
		}
		if got, err := ParseWelcome(b); err != nil || got != want {
			t.Fatalf("got %+v, %v; want %+v", got, err, want)
		}
	})
}

func TestWelcomeOtherVersion(t *testing.T) {
	b := Welcome{Version: 3, Verdict: VerdictVersion}.Append(nil)
	b[63]++
	for _, b := range [][]byte{b, b[:prologueLen]} {
		w, err := ParseWelcome(b)
		if !errors.Is(err, ErrVersion) || w != (Welcome{Version: 3}) {
			t.Errorf("%d bytes: got %+v, %v", len(b), w, err)
		}
	}
}

func TestWelcomeCutAnywhere(t *testing.T) {
	b := testWelcome().Append(nil)
	for n := range WelcomeLen {
		if w, err := ParseWelcome(b[:n]); !errors.Is(err, ErrShort) || w != (Welcome{}) {
			t.Errorf("%d bytes: got %+v, %v", n, w, err)
		}
	}
}

func TestWelcomeRefused(t *testing.T) {
	for _, c := range []broken{
		{"the hello's magic", set(0, 0xf6), ErrMagic},
		{"reserved byte 36", set(36, 1), ErrReserved},
		{"reserved byte 39", set(39, 1), ErrReserved},
		{"reserved byte 56", set(56, 1), ErrReserved},
		{"reserved byte 59", set(59, 1), ErrReserved},
		{"ok with legs of 0", set32(12, 0), ErrLength},
		{"legs above the limit", set32(12, MaxLeg+1), ErrLength},
		{"delivered above the limit", set64(40, 1<<63), ErrCount},
	} {
		w, err := ParseWelcome(with(testWelcome().Append(nil), WelcomeLen, c.edit))
		if !errors.Is(err, c.want) || w != (Welcome{}) {
			t.Errorf("%s: got %+v, %v; want %v", c.name, w, err, c.want)
		}
	}
}

func TestWelcomeEveryBit(t *testing.T) {
	checkEveryBit(t, testWelcome().Append(nil), func(b []byte) error {
		_, err := ParseWelcome(b)
		return err
	})
}

func TestVerdictString(t *testing.T) {
	seen := map[string]Verdict{}
	for v := VerdictOK; v <= VerdictEnds; v++ {
		if was, ok := seen[v.String()]; ok || v.String() == "" {
			t.Errorf("verdicts %d and %d are both %q", was, v, v)
		}
		seen[v.String()] = v
	}
	if got := Verdict(12).String(); got != "verdict 12" {
		t.Errorf("unknown verdict is %q", got)
	}
}

func FuzzWelcome(f *testing.F) {
	fuzzGreeting(f, []string{"welcome", "welcome-busy", "hello"}, func(b []byte) ([]byte, error) {
		w, err := ParseWelcome(b)
		return w.Append(nil), err
	})
}
