package sidechain

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestNamed(t *testing.T) {
	for word, want := range map[string]Step{
		"zstd": {Codec: Zstd}, "zstd:1": {Codec: Zstd, Level: 1}, "zstd:max": {Codec: Zstd, Level: 4}, "s2:3": {Codec: S2, Level: 3},
		"gzip:9": {Codec: Gzip, Level: 9}, "bzip2:max": {Codec: Bzip2, Level: 9},
	} {
		if s, ok, bad := Named(word); !ok || bad || s != want {
			t.Errorf("%s: %+v, %v, %v", word, s, ok, bad)
		}
	}
	for _, word := range []string{"zstd:0", "zstd:5", "zstd:", "gzip:+1", "gzip:01", "s2:x"} {
		if _, ok, bad := Named(word); !ok || !bad {
			t.Errorf("%s: %v, %v", word, ok, bad)
		}
	}
	for _, word := range []string{"gzip -1", "zstdx", "", "lz4:1"} {
		if _, ok, _ := Named(word); ok {
			t.Errorf("%q is a name", word)
		}
	}
}

// A receiver needs a word for commands alone, and never runs more or fewer than the sender has.
func TestMatch(t *testing.T) {
	program := doubles{}
	command := Step{Codec: Command, Text: "there", Program: program}
	for _, c := range []struct {
		name   string
		tx, rx []Step
		ok     bool
	}{
		{"nothing", nil, nil, true},
		{"built in", []Step{{Codec: Zstd}, {Codec: Gzip}}, nil, true},
		{"built in, and said", []Step{{Codec: Zstd, Level: 4}}, []Step{{Codec: Zstd}}, true},
		{"a command", []Step{command}, []Step{command}, true},
		{"among others", []Step{{Codec: Zstd}, command, {Codec: S2}, command}, []Step{command, command}, true},
		{"a command without a word", []Step{command}, nil, false},
		{"a word without a command", nil, []Step{command}, false},
		{"one command of two", []Step{command, command}, []Step{command}, false},
		{"two of one", []Step{command}, []Step{command, command}, false},
		{"another codec", []Step{{Codec: Zstd}}, []Step{{Codec: Gzip}}, false},
		{"an unknown codec", []Step{{Codec: 9}}, nil, false},
	} {
		got, err := Match(Chain{Steps: c.tx}.Code(), Chain{Steps: c.rx})
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil && !errors.Is(err, ErrDiffer) {
			t.Errorf("%s: %v is not ErrDiffer", c.name, err)
		}
		if c.ok && got.Code() != (Chain{Steps: c.tx}).Code() {
			t.Errorf("%s: %x", c.name, got.Code())
		}
		for _, s := range got.Steps {
			if s.Codec == Command && s.Program == nil {
				t.Errorf("%s: a command without its program", c.name)
			}
		}
	}
	if _, err := Match(0xf1, Chain{}); err == nil || !strings.Contains(err.Error(), "zstd, a command at the sender, none at the receiver") {
		t.Errorf("%v does not name both", err)
	}
}

// passes lets time go by, in which links take so many bytes a second.
func passes(a *Auto, now *time.Time, d time.Duration, rate func(level int) float64, behind func(level int) bool) {
	const step = 10 * time.Millisecond
	for end := now.Add(d); now.Before(end); *now = now.Add(step) {
		level := a.Level()
		a.Took(int(rate(level)*step.Seconds()), !behind(level), *now)
		if behind(level) {
			a.Waits()
			a.Waits()
		}
	}
}

// Auto finds the level at which a stream is fastest, and stays there for most of the time.
func TestAuto(t *testing.T) {
	ratio := []float64{1, 2.6, 3.5, 3.8, 4.1}
	coders := []float64{4000e6, 960e6, 560e6, 300e6, 120e6}
	for _, c := range []struct {
		name  string
		links float64 // bytes a second
		want  int
	}{
		{"12 MB/s", 12e6, autoMost},
		{"120 MB/s", 120e6, autoZstd},
		{"300 MB/s", 300e6, autoS2},
		{"4 GB/s", 4e9, autoNone},
	} {
		rate := func(level int) float64 { return min(coders[level], c.links*ratio[level]) }
		behind := func(level int) bool { return coders[level] < c.links*ratio[level] }
		a, now := NewAuto(), time.Unix(100, 0)
		passes(a, &now, 10*time.Second, rate, behind)
		at := make([]int, autoMost+1)
		for range 1000 {
			passes(a, &now, 10*time.Millisecond, rate, behind)
			at[a.Level()]++
		}
		if at[c.want] < 800 {
			t.Errorf("%s: levels %v, want %d", c.name, at, c.want)
		}
	}
}

// A piece that cannot become shorter is not tried in vain.
func TestHopeless(t *testing.T) {
	k := NewCoder(AutoChain(), 1<<20, NewAuto())
	defer k.Close()
	if !k.hopeless(noise(1, 1<<20)) || k.hopeless(text(1, 1<<20)) || k.hopeless(noise(1, 1000)) {
		t.Error("noise is hopeless, and neither is text, nor a piece that is short")
	}
	hex := noise(1, 1<<20)
	for i, b := range hex {
		hex[i] = "0123456789abcdef"[b&15]
	}
	if k.hopeless(hex) {
		t.Error("hexadecimal digits become shorter")
	}
}
