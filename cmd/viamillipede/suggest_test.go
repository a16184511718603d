package main

import "testing"

func TestSlips(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"threads", "threads", 0}, {"thread", "threads", 1}, {"thraeds", "threads", 1}, {"treads", "threads", 1},
		{"htreda", "threads", 3}, {"verbsoe", "verbose", 1}, {"windwos", "window", 2}, {"", "tx", 2}, {"x", "window", 3},
	} {
		if got := slips(c.a, c.b); got != c.want {
			t.Errorf("slips(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestSuggest(t *testing.T) {
	choices := names(grammar())
	for word, want := range map[string]string{
		"thread": "threads", "--threads": "threads", "THREADS": "threads", "checksumm": "checksum", "verbos": "verbose",
		"cpu": "cpus", "kaos": "chaos", "node": "", "xy": "", "rs": "", "": "", "-": "", "8834": "", "netcat": "",
	} {
		if want != "" {
			want = `; did you mean "` + want + `"?`
		}
		if got := suggest(word, choices); got != want {
			t.Errorf("suggest(%q) = %q, want %q", word, got, want)
		}
	}
}
