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

// model is coders and links of which all is known.
type model struct {
	*Auto
	now    time.Time
	links  float64             // bytes a second
	kept   float64             // bytes on their way
	gives  float64             // bytes a second of the source; 0: any number
	speeds [autoLevels]float64 // bytes a second of each of two coders
	ratios [autoLevels]float64
}

func newModel(links float64) *model {
	m := &model{Auto: NewAuto(), now: time.Unix(100, 0), links: links}
	for i, u := range usual { // another machine and other bytes than the usual ones
		m.speeds[i], m.ratios[i] = u.speed*0.7, 1+(u.ratio-1)*0.8
	}
	m.Watch(2, func() time.Duration { return 0 })
	return m
}

// passes lets time go by. Links take what they carry in a quarter of a second, if there is so much.
func (m *model) passes(d time.Duration) {
	const step = 5 * time.Millisecond
	for end := m.now.Add(d); m.now.Before(end); m.now = m.now.Add(step) {
		level := m.Level()
		m.kept = max(0, m.kept-m.links*step.Seconds())
		wire := min(2*m.speeds[level]*step.Seconds()/m.ratios[level], m.links/4-m.kept)
		if wire < m.links/4-m.kept {
			m.Waits()
		}
		raw := wire * m.ratios[level]
		if has := m.gives * step.Seconds(); m.gives > 0 && has < raw {
			raw, wire = has, has/m.ratios[level]
			m.Starves(m.now)
		}
		took := time.Duration(raw / m.speeds[level] * 1e9)
		m.tries.Add(1)
		if m.ratios[autoS2] > 1.1 {
			m.hopeful.Add(1)
		}
		if level != autoNone {
			m.did(level, int(raw), int(wire), took)
		}
		m.Took(int(raw), int(wire), int64(m.kept), 0, m.now)
		m.kept += wire
	}
}

// Auto finds the level at which most gets through, and stays there.
func TestAuto(t *testing.T) {
	for _, c := range []struct {
		name  string
		links float64
	}{{"12 MB/s", 12e6}, {"50 MB/s", 50e6}, {"120 MB/s", 120e6}, {"300 MB/s", 300e6}, {"4 GB/s", 4e9}} {
		m := newModel(c.links)
		most := 0.0
		for level := range m.speeds {
			most = max(most, min(2*m.speeds[level], m.links*m.ratios[level]))
		}
		moved := func() float64 {
			level := m.Level()
			return min(2*m.speeds[level], m.links*m.ratios[level])
		}
		m.passes(5 * time.Second)
		sum := 0.0
		for range 100 {
			m.passes(100 * time.Millisecond)
			sum += moved() / 100
		}
		if sum < 0.9*most {
			t.Errorf("%s: %.0f MB/s get through, of %.0f; at last %s", c.name, sum/1e6, most/1e6, m.LevelName())
		}
	}
}

// Auto is soon where it belongs, from the first bytes on.
func TestAutoBegins(t *testing.T) {
	for _, c := range []struct {
		links       float64
		least, most int
	}{{12e6, autoZstd2, autoZstd3}, {4e9, autoNone, autoNone}} {
		m := newModel(c.links)
		m.passes(500 * time.Millisecond)
		if level := m.Level(); level < c.least || level > c.most {
			t.Errorf("%.0f MB/s: %s after half a second", c.links/1e6, m.LevelName())
		}
	}
}

// Where the source is slow, coders take no more CPU time than the links ask for.
func TestAutoSlowSource(t *testing.T) {
	m := newModel(4e9)
	m.gives = 50e6
	m.passes(5 * time.Second)
	if m.Level() != autoNone {
		t.Errorf("%s, where links carry all that there is", m.LevelName())
	}
	m = newModel(20e6)
	m.gives = 30e6
	m.passes(5 * time.Second)
	if m.Level() != autoS2 {
		t.Errorf("%s, where s2 is enough", m.LevelName())
	}
}

// Coders have memory within their share, and there is one at least.
func TestCoders(t *testing.T) {
	step := Step{Codec: Zstd}
	one, two := Chain{Steps: []Step{step}}, Chain{Steps: []Step{step, step}}
	cpus := Workers(0)
	for _, c := range []struct {
		chain       Chain
		loops, most int
		within      int64
		want        int
		rooms       int64
	}{
		{one, 0, 1 << 20, 1 << 40, cpus, 1}, {two, 0, 1 << 20, 1 << 40, cpus, 2}, {AutoChain(), 0, 1 << 20, 1 << 40, cpus, 1},
		{one, 1, 1 << 20, 1 << 40, 1, 1}, {one, 0, 4 << 20, 1 << 20, 1, 1}, {Chain{Steps: one.Steps, Most: 1}, 0, 1 << 20, 1 << 40, 1, 1},
	} {
		n, memory := c.chain.Coders(c.loops, c.most, c.within)
		if n != c.want || memory != int64(n)*c.rooms*int64(c.most+spare(c.most)) {
			t.Errorf("%v, pieces of %d within %d: %d coders, %d bytes", c.chain, c.most, c.within, n, memory)
		}
	}
}

// Auto takes no time for what does not become shorter, and comes back when it does.
func TestAutoGoesOn(t *testing.T) {
	m := newModel(120e6)
	m.passes(5 * time.Second)
	was := m.ratios
	m.ratios = [autoLevels]float64{1, 1, 1, 1, 1}
	m.passes(5 * time.Second)
	if m.Level() != autoNone {
		t.Errorf("%s for what does not become shorter", m.LevelName())
	}
	m.ratios = was
	m.passes(5 * time.Second)
	if m.Level() == autoNone {
		t.Error("nothing is coded, of what becomes shorter")
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
