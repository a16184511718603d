package svg

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

// read decodes a drawing strictly and gives the text of its elements and the values of all attributes.
func read(t *testing.T, document string) (texts map[string][]string, values []string) {
	t.Helper()
	texts = map[string][]string{}
	d := xml.NewDecoder(strings.NewReader(document))
	var inside []string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return texts, values
		}
		if err != nil {
			t.Fatalf("%v in:\n%s", err, document)
		}
		switch v := token.(type) {
		case xml.StartElement:
			inside = append(inside, v.Name.Local)
			for _, a := range v.Attr {
				values = append(values, a.Value)
			}
		case xml.EndElement:
			inside = inside[:len(inside)-1]
		case xml.CharData:
			if n := len(inside); n > 0 && (inside[n-1] == "text" || inside[n-1] == "title") {
				texts[inside[n-1]] = append(texts[inside[n-1]], string(v))
			}
		}
	}
}

func written(t *testing.T, d *Drawing) string {
	t.Helper()
	var b strings.Builder
	if n, err := d.WriteTo(&b); err != nil || int(n) != b.Len() {
		t.Fatalf("%d of %d bytes, %v", n, b.Len(), err)
	}
	return b.String()
}

// TestGolden pins the whole of a small drawing.
func TestGolden(t *testing.T) {
	d := New(100, 50.5, "two words & a curve")
	d.Text(Text{X: 10, Y: 20, Anchor: End, Size: 10, Fill: "#333333", Words: "a<b"})
	d.Curve(Curve{X0: 10, Y0: 20, X1: 40, Y1: 5, Stroke: "#0072b2", Width: 1.234})
	d.Curve(Curve{X0: 10, Y0: 20, X1: 40, Y1: 5, Stroke: "#0072b2", Width: 1, Tip: `"it"`})
	want, err := os.ReadFile("testdata/golden.svg")
	if err != nil {
		t.Fatal(err)
	}
	if got := written(t, d); got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// FuzzWords: whatever the words are, the drawing is well-formed and has them, with U+FFFD for what XML does not allow.
func FuzzWords(f *testing.F) {
	for _, s := range []string{"p0: 3 flows", "<&>\"'", "]]>", "a\x00b\x1b\ufffe\ud7ff", "\xff\xc0", "\t\n\r ", "𝄞 日本", "<!--", "</text>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d := New(1, 1, s)
		d.Text(Text{Fill: s, Anchor: Anchor(s), Words: s})
		d.Curve(Curve{Stroke: s, Tip: s})
		texts, values := read(t, written(t, d))
		want := strings.Map(allowed, s)
		for name, n := range map[string]int{"text": 1, "title": 2} {
			if got := strings.Join(texts[name], ""); got != strings.Repeat(want, n) {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		found := 0
		for _, v := range values {
			if v == want {
				found++
			}
		}
		if found < 3 {
			t.Errorf("of %q, no value: %q", want, values)
		}
	})
}

// failing takes no byte.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestWriteFails(t *testing.T) {
	if n, err := New(1, 1, "").WriteTo(failing{}); n != 0 || !errors.Is(err, os.ErrClosed) {
		t.Errorf("%d bytes, %v", n, err)
	}
}
