package wire

import "testing"

func TestByeGolden(t *testing.T) {
	checkGolden(t, "bye", "BYE this link only", Bye{}.Append(nil))
	checkGolden(t, "bye-silent", "BYE this link, on which nothing was heard (reason 1)", Bye{Reason: ByeSilent}.Append(nil))
	checkGolden(t, "bye-stream", "BYE the whole stream", Bye{Stream: true}.Append(nil))
}

func TestByeRoundTrip(t *testing.T) {
	for _, want := range []Bye{{}, {Stream: true}, {Reason: ByeReplaced}, {Stream: true, Reason: ByeEnding}, {Reason: 255}} {
		h, _ := mustParse(t, want.Append(nil))
		if h.Type != TypeBye || h.Bye() != want {
			t.Errorf("got %+v, want %+v", h, want)
		}
	}
}

func TestByeRefused(t *testing.T) {
	checkBroken(t, Bye{Stream: true}.Append(nil), []broken{
		{"unknown flag", set(1, 2), ErrReserved},
		{"A", set64(8, 256), ErrCount},
		{"B", set64(16, 1), ErrReserved},
		{"C", set32(24, 1), ErrReserved},
		{"payload", set32(4, 1), ErrLength},
	})
}

// A reason that a later version may send is a reason too.
func TestReasonsAreSaid(t *testing.T) {
	said := map[string]bool{}
	for r := range ByeYields + 1 {
		said[r.String()] = true
	}
	if len(said) != len(reasons) {
		t.Errorf("%d texts for %d reasons", len(said), len(reasons))
	}
	if got := Reason(200).String(); got != ByeOther.String() {
		t.Errorf("an unknown reason is %q", got)
	}
}

func FuzzBye(f *testing.F) {
	fuzzFrame(f, TypeBye, []string{"bye", "bye-silent", "bye-stream"}, func(_ *testing.T, h Header, _ []byte) []byte {
		return h.Bye().Append(nil)
	})
}
