package wire

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestFaultGolden(t *testing.T) {
	checkGolden(t, "error", "ERROR status 7, text: write to the sink: broken pipe – 3 legs lost",
		Fault{Status: 7, Text: "write to the sink: broken pipe – 3 legs lost"}.Append(nil))
	checkGolden(t, "error-plain", "ERROR status 130, no text", Fault{Status: 130}.Append(nil))
}

// Any text at all: what arrives is what printable and cut make of it, and that arrives unchanged the second time.
func TestFaultRoundTrip(t *testing.T) {
	texts := rapid.OneOf(
		rapid.String(),
		rapid.StringN(200, 300, -1),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 300), func(b []byte) string { return string(b) }),
	)
	rapid.Check(t, func(t *rapid.T) {
		f := Fault{Status: rapid.Uint16().Draw(t, "status"), Text: texts.Draw(t, "text")}
		held := before(t)
		h, payload := mustParse(t, behind(t, held, f.Append(held)))
		got, err := h.Fault(payload)
		if err != nil || h.Type != TypeError || got.Status != f.Status {
			t.Fatalf("got %+v, %v", got, err)
		}
		if got.Text != cut(Printable(f.Text), MaxText) || got.Text != string(payload) {
			t.Fatalf("got %q of %q", got.Text, f.Text)
		}
		checkHarmless(t, got.Text)
	})
}

func checkHarmless(t require, text string) {
	t.Helper()
	if len(text) > MaxText || !utf8.ValidString(text) {
		t.Fatalf("%d bytes, or not UTF-8: %q", len(text), text)
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
		t.Fatalf("unprintable at %d: %q", i, text)
	}
}

func TestFaultSanitised(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "no space left on device", "no space left on device"},
		{"umlauts", "Gerät voll", "Gerät voll"},
		{"clear screen", "\x1b[2J", "?[2J"},
		{"C1 control", "\u009b2J", "?2J"},
		{"raw C1 byte", "\x9b2J", "?2J"},
		{"bell and backspace", "a\a\b", "a??"},
		{"lines", "a\r\nb\tc", "a  b c"},
		{"line separator", "a\u2028b", "a b"},
		{"right to left override", "a\u202eb", "a?b"},
		{"delete", "\x7f", "?"},
		{"zero byte", "a\x00b", "a?b"},
		{"half a character", "a\xe2\x82", "a??"},
	} {
		// The peer may be another program: its text is put into the frame as it is.
		h := Header{Type: TypeError, Length: uint32(len(c.in)), C: Checksum([]byte(c.in))}
		got, err := h.Fault([]byte(c.in))
		if err != nil || got.Text != c.want {
			t.Errorf("%s: got %q, %v; want %q", c.name, got.Text, err, c.want)
		}
	}
}

func TestFaultCut(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     int
	}{
		{"fits", strings.Repeat("x", MaxText), MaxText},
		{"one more", strings.Repeat("x", MaxText+1), MaxText},
		{"two-byte character ends at the limit", strings.Repeat("x", MaxText-2) + "éx", MaxText},
		{"two-byte character across the limit", strings.Repeat("x", MaxText-1) + "éx", MaxText - 1},
		{"four-byte character across the limit", strings.Repeat("x", MaxText-3) + "😀", MaxText - 3},
	} {
		if got := len(Fault{Text: c.in}.Append(nil)) - HeaderLen; got != c.want {
			t.Errorf("%s: %d bytes of text, want %d", c.name, got, c.want)
		}
	}
}

func TestFaultRefused(t *testing.T) {
	checkBroken(t, Fault{Status: 1, Text: "x"}.Append(nil), []broken{
		{"flag", set(1, 1), ErrReserved},
		{"B", set64(16, 1), ErrReserved},
		{"checksum of nothing", set32(4, 0), ErrReserved},
		{"text too long", set32(4, MaxText+1), ErrLength},
		{"status too high", set64(8, 1<<16), ErrCount},
	})
}

func TestFaultPayloadRefused(t *testing.T) {
	h, payload := mustParse(t, Fault{Status: 1, Text: "text"}.Append(nil))
	if _, err := h.Fault(payload[:3]); !errors.Is(err, ErrShort) {
		t.Errorf("cut text: %v", err)
	}
	if _, err := h.Fault([]byte("Text")); !errors.Is(err, ErrPayload) {
		t.Errorf("changed text: %v", err)
	}
}

func FuzzFault(f *testing.F) {
	f.Add(Fault{Text: "\x1b]0;title\a"}.Append(nil))
	fuzzFrame(f, TypeError, []string{"error", "error-plain"}, func(t *testing.T, h Header, payload []byte) []byte {
		fault, err := h.Fault(payload)
		if err != nil {
			return nil
		}
		checkHarmless(t, fault.Text)
		if fault.Text != string(payload) {
			return nil
		}
		return fault.Append(nil)
	})
}
