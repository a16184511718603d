package wire

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func testCoded() Leg {
	return Leg{Number: 7, Offset: 7 * 256 << 10, Length: 1000, Resent: true, Form: Coded, Payload: CodedSum + 5, Steps: 0b101}
}

func TestCodedGolden(t *testing.T) {
	payload := append(le.AppendUint32(nil, Checksum([]byte(testPayload))), "coded"...)
	checkGolden(t, "coded", "CODED number 7, offset 1835008, 1000 bytes, resent, steps 0 and 2; their checksum and 5 bytes of payload",
		append(testCoded().Append(nil), payload...))
	h := testHello()
	h.Features, h.Chain = h.Features|FeatureSidechain, 0xf31
	checkGolden(t, "hello-chain", "HELLO as in hello.golden, with a sidechain: zstd, gzip, a command", h.Append(nil))
	w := testWelcome()
	w.Verdict, w.Chain = VerdictChain, 0xf
	checkGolden(t, "welcome-chain", "WELCOME as in welcome.golden, but a refusal: the receiver's sidechain is a command", w.Append(nil))
}

func TestCodedRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Leg{
			Number:  rapid.Uint64Range(0, maxCount-1).Draw(t, "number"),
			Offset:  rapid.Uint64Range(0, maxCount-MaxLeg).Draw(t, "offset"),
			Length:  rapid.Uint32Range(1, MaxLeg).Draw(t, "length"),
			Resent:  rapid.Bool().Draw(t, "resent"),
			Form:    Coded,
			Payload: rapid.Uint32Range(CodedSum+1, MaxLeg).Draw(t, "payload"),
			Steps:   rapid.Uint8Range(1, 1<<ChainSteps-1).Draw(t, "steps"),
		}
		held := before(t)
		h, err := ParseHeader(behind(t, held, want.Append(held)))
		if err != nil || !h.IsLeg() || h.Leg() != want || h.Length != want.Payload {
			t.Fatalf("got %+v, %v; want %+v", h, err, want)
		}
	})
}

func TestCodedRefused(t *testing.T) {
	checkBroken(t, testCoded().Append(nil), []broken{
		{"no step", set(1, LegResent), ErrReserved},
		{"a checksum, which the payload has", set(1, LegChecksum|1<<stepsShift), ErrReserved},
		{"nothing but a checksum", set32(4, CodedSum), ErrLength},
		{"longer than a leg", set32(4, MaxLeg+1), ErrLength},
		{"stands for nothing", set32(24, 0), ErrLength},
		{"stands for more than a leg", set32(24, MaxLeg+1), ErrLength},
		{"number that has no successor", set64(8, maxCount), ErrCount},
		{"end beyond the limit", set64(16, maxCount-999), ErrCount},
	})
}

// A chain goes with its feature, and has no gaps.
func TestHelloChain(t *testing.T) {
	for _, c := range []struct {
		features, chain uint32
		ok              bool
	}{
		{FeatureSidechain, 0x1, true},
		{FeatureSidechain | FeatureHoles, 0xf4321f, true},
		{FeatureSidechain, 0, true}, // of a sender that has one later, which is not granted
		{0, 0, true},
		{0, 0x1, false},
		{FeatureSidechain, 0x10, false},
		{FeatureSidechain, 0x101, false},
		{FeatureSidechain, 0x1111111, false},
	} {
		h := testHello()
		h.Features, h.Chain = c.features, c.chain
		got, err := ParseHello(h.Append(nil))
		switch {
		case c.ok && (err != nil || got != h):
			t.Errorf("features %#x, chain %#x: got %+v, %v", c.features, c.chain, got, err)
		case !c.ok && !errors.Is(err, ErrReserved):
			t.Errorf("features %#x, chain %#x: %v, want %v", c.features, c.chain, err, ErrReserved)
		}
	}
}

// A welcome names a chain only where that is why it refuses.
func TestWelcomeChain(t *testing.T) {
	w := testWelcome()
	w.Chain = 1
	if _, err := ParseWelcome(w.Append(nil)); !errors.Is(err, ErrReserved) {
		t.Errorf("a chain in a welcome that is none: %v", err)
	}
	w.Verdict = VerdictChain
	if got, err := ParseWelcome(w.Append(nil)); err != nil || got != w {
		t.Errorf("got %+v, %v; want %+v", got, err, w)
	}
}

func FuzzCoded(f *testing.F) {
	fuzzFrame(f, TypeCoded, []string{"coded"}, func(_ *testing.T, h Header, _ []byte) []byte {
		return h.Leg().Append(nil)
	})
}
