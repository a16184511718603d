package wire

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTitleGolden(t *testing.T) {
	checkGolden(t, "name", "NAME dozer/visage@now – 2", Title("dozer/visage@now – 2").Append(nil))
}

func TestTitleRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Title(rapid.StringN(1, -1, MaxTitle).Draw(t, "text"))
		if !want.Valid() {
			t.Skip("has control characters")
		}
		held := before(t)
		h, payload := mustParse(t, behind(t, held, want.Append(held)))
		if got, err := h.Title(payload); err != nil || got != want {
			t.Fatalf("got %q, %v; want %q", got, err, want)
		}
	})
}

func TestTitleRefused(t *testing.T) {
	checkBroken(t, Title("text").Append(nil), []broken{
		{"flag", set(1, 1), ErrReserved},
		{"number", set64(8, 1), ErrReserved},
		{"offset", set64(16, 1), ErrReserved},
		{"empty", set32(4, 0), ErrLength},
		{"too long", set32(4, MaxTitle+1), ErrLength},
	})
	for _, text := range []string{"a\nb", "\x1b[2J", "a\xff", "\u009b", strings.Repeat("x", MaxTitle+1), ""} {
		if Title(text).Valid() {
			t.Errorf("%q is valid", text)
		}
	}
	h, _ := mustParse(t, Title("text").Append(nil))
	if _, err := h.Title([]byte("tex")); !errors.Is(err, ErrShort) {
		t.Errorf("cut text: %v", err)
	}
	if _, err := h.Title([]byte("Text")); !errors.Is(err, ErrPayload) {
		t.Errorf("changed text: %v", err)
	}
	h, payload := mustParse(t, Title("a\nb").Append(nil))
	if _, err := h.Title(payload); !errors.Is(err, ErrPayload) {
		t.Errorf("control characters: %v", err)
	}
}

func FuzzTitle(f *testing.F) {
	fuzzFrame(f, TypeName, []string{"name"}, func(_ *testing.T, h Header, payload []byte) []byte {
		title, err := h.Title(payload)
		if err != nil {
			return nil
		}
		return title.Append(nil)
	})
}
