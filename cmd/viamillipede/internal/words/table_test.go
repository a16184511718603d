package words

import "testing"

func TestFold(t *testing.T) {
	for _, c := range []struct {
		line string
		most int
		want string
	}{
		{"one two three", 0, "one two three"}, {"one two three", 13, "one two three"},
		{"one two three", 9, "one two\n    three"}, {"a-word-that-has-no-place to go", 8, "a-word-that-has-no-place\n    to\n    go"},
	} {
		if got := Fold(c.line, c.most); got != c.want {
			t.Errorf("%q in %d: %q, want %q", c.line, c.most, got, c.want)
		}
	}
}
