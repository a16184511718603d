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

// TestRespelt: what is written as for other programs is answered by the way to write it here.
func TestRespelt(t *testing.T) {
	for word, want := range map[string]string{
		"--threads=16": "threads 16", "threads=16": "threads 16", "-threads=": "threads", "--THREADS=4": "threads 4", "--thraeds=4": "threads 4",
		"--checksum": "checksum", "--checksum=yes": "checksum", "--io=copy": "io copy", "-v": "verbose 1", "-vv": "verbose 2", "-V": "version",
		"-l": "rx", "--parallel": "threads", "--parallel=8": "threads 8", "--timeout=9": "giveup 9", "send": "tx", "-q=1": "verbose 0",
		"threads": "", "thraeds": "", "": "", "-": "", "--": "", "=": "", "-x": "", "--nosuch=1": "", "host": "", "8834": "",
	} {
		if got := respelt(word, grammar()); got != want {
			t.Errorf("respelt(%q) = %q, want %q", word, got, want)
		}
	}
}
