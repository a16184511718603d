package main

import (
	"strings"
	"testing"

	"viamillipede/engine/tune"
)

// TestWishes: what is to be changed is read as on the command line, and a path is found by its number or its name.
func TestWishes(t *testing.T) {
	paths := []tune.PathSettings{{Name: "host1:8834"}, {Name: "host1:8834 via eth1"}, {Name: "10.0.0.2:8834"}}
	for line, want := range map[string]struct {
		wish
		order int // -1: an error
	}{
		"giveup 0":              {wish{word: "giveup", value: -1}, -1},
		"limit 64M":             {wish{word: "limit", value: 64 << 20}, -1},
		"limit off":             {wish{word: "limit"}, -1},
		"stream 7 tx threads 5": {wish{number: 7, side: "tx", word: "threads", value: 5}, -1},
		"rate 2 1M":             {wish{word: "rate", path: "2", value: 1 << 20}, 1},
		"rate host1:8834 off":   {wish{word: "rate", path: "host1:8834"}, 0},
		"rate host1 off":        {wish{word: "rate", path: "host1"}, -1},
		"spill 10.0 never":      {wish{word: "spill", path: "10.0", value: -1}, 2},
		"rx path 3 off":         {wish{side: "rx", word: "path", path: "3", value: 1}, 2},
		"path 4 on":             {wish{word: "path", path: "4"}, -1},
		"path 0 on":             {wish{word: "path", path: "0"}, -1},
	} {
		w, _, err := parseWish(strings.Fields(line))
		if err != nil || w != want.wish {
			t.Errorf("%s: %+v, %v, want %+v", line, w, err, want.wish)
		}
		if order, err := w.find(paths); (err == nil) != (want.order >= 0) || err == nil && order != want.order {
			t.Errorf("%s: path %d, %v, want %d", line, order, err, want.order)
		}
	}
}

// FuzzWish: whatever words a local user sends are a setting with a value of its own, whose text means the same, or an error in one line.
func FuzzWish(f *testing.F) {
	for _, line := range []string{
		"giveup 1.5", "limit 50M", "limit off", "threads 4", "verbose 20", "rate 2 64K", "rate off", "spill 1 never", "spill 1 0", "path 1 off",
		"stream 3 rx path x on", "", "stream", "tx", "tx tx limit 1", "threads 999999999999999999999", "stream 2147483648 giveup 1",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words := strings.Fields(line)
		w, tuning, err := parseWish(words)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("%q", err)
			}
			return
		}
		words[len(words)-1] = tuning.text(w.value)
		if again, _, err := parseWish(words); err != nil || again != w {
			t.Errorf("%q: %+v, and of its text %q %+v, %v", line, w, words, again, err)
		}
	})
}
