package top

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// press presses keys, and gives the order that the last one makes.
func press(m *Model, keys ...string) (o *Order) {
	for _, k := range keys {
		o, _ = m.Key(k)
	}
	return o
}

// TestKeys: what keys ask for is about what was chosen.
func TestKeys(t *testing.T) {
	for name, c := range map[string]struct {
		keys []string
		want []string // words of set; nil: no order
	}{
		"a path off":             {[]string{"j", "p"}, []string{"tx", "path", "1", "off"}},
		"a path on":              {[]string{keyDown, keyDown, keyOld2, " "}, []string{"tx", "path", "3", "on"}},
		"no path":                {[]string{"p"}, nil},
		"beyond the end":         {slices.Repeat([]string{"j"}, 20), nil},
		"before the beginning":   {[]string{"k", keyUp, "j", keyOld1, "v"}, []string{"verbose", "4"}},
		"quieter":                {[]string{"V"}, []string{"verbose", "2"}},
		"a limit from the rate":  {[]string{"-"}, []string{"limit", "524M"}},
		"faster without a limit": {[]string{"+"}, nil},
		"a path's own rate":      {[]string{"j", "j", "="}, []string{"tx", "rate", "2", "125M"}},
		"a path's rate lifted":   {[]string{"j", "j", "0"}, []string{"tx", "rate", "2", "off"}},
		"of a receiver":          {[]string{"j", "j", "j", "j", "-"}, nil},
		"a link more":            {[]string{"t"}, []string{"threads", "13"}},
		"a link less, of an end": {[]string{"j", "T"}, []string{"tx", "threads", "11"}},
		"helps sooner":           {[]string{"j", "j", "<"}, []string{"tx", "spill", "2", "200"}},
		"helps later":            {[]string{"j", "j", ">"}, []string{"tx", "spill", "2", "1000"}},
		"helps never, no more":   {[]string{"j", "j", "j", ">"}, nil},
		"helps sooner than that": {[]string{"j", "j", "j", "<"}, []string{"tx", "spill", "3", "60000"}},
		"helps, of no path":      {[]string{"<"}, nil},
		"waits longer":           {[]string{"g"}, []string{"giveup", "14400"}},
		"waits less":             {[]string{"j", "G"}, []string{"tx", "giveup", "900"}},
		"stop, but no":           {[]string{"s", "n", "v"}, []string{"verbose", "4"}},
		"help takes a key":       {[]string{"?", "v"}, nil},
		"nothing":                {[]string{"x"}, nil},
	} {
		o := press(known(60), c.keys...)
		if o == nil && c.want == nil {
			continue
		}
		if o == nil || o.PID != 4711 || o.Stop || !reflect.DeepEqual(o.Set, c.want) {
			t.Errorf("%s: %+v, want %v", name, o, c.want)
		}
	}
	if o := press(known(9), "s", "y"); o == nil || !o.Stop || o.PID != 4711 {
		t.Errorf("%+v", o)
	}
	for _, keys := range [][]string{{"q"}, {keyEnd}, {"s", keyEnd}, {"?", "q"}} {
		m := known(2)
		press(m, keys[:len(keys)-1]...)
		if _, leave := m.Key(keys[len(keys)-1]); !leave {
			t.Errorf("%q does not leave", keys)
		}
	}
}

// TestBounds: keys go as far as set does, and say why they go no further.
func TestBounds(t *testing.T) {
	m := known(9)
	e := &m.programs[0].Ends[0]
	for _, c := range []struct {
		key, says string
		set       func()
	}{
		{"t", "at most 16", func() { e.Tunable.Threads = 16 }},
		{"T", "each path keeps a link", func() { e.Tunable.Threads = 2 }}, // of three, one is off
		{"<", "as soon as the paths before it are busy", func() { m.Key("j"); e.Tunable.Spill[0] = 0 }},
		{">", "only while the paths before it are down", func() { e.Tunable.Spill[0] = -1 }},
		{"g", "it waits for ever", func() { e.Tunable.Giveup = 0 }},
		{"G", "less than a minute", func() { e.Tunable.Giveup = 60 }},
		{"t", "of the end that dials", func() { e.Tunable.ThreadsMost = 0 }},
		{"<", "of the end that dials", func() {}},
		{"g", "no stream that can be changed", func() { e.Tunable = nil }},
	} {
		c.set()
		if o := press(m, c.key); o != nil || !strings.Contains(m.note, c.says) {
			t.Errorf("%s: %+v, %q, want %q", c.key, o, m.note, c.says)
		}
	}
	for _, c := range []struct {
		is   float64
		up   bool
		want string
	}{{0, false, "604800"}, {604800, true, "0"}, {61, true, "300"}, {61, false, "60"}, {1e9, false, "604800"}, {1e9, true, "0"}} {
		m := known(9)
		m.programs[0].Ends[0].Tunable.Giveup = c.is
		o := press(m, map[bool]string{true: "g", false: "G"}[c.up])
		if o == nil || o.Set[1] != c.want {
			t.Errorf("from %v: %+v, want %s", c.is, o, c.want)
		}
	}
	m = known(9)
	m.programs[0].Ends[0].Tunable.Threads = 0 // auto
	if o := press(m, "t"); o == nil || o.Set[1] != "13" {
		t.Errorf("%+v, want 13: there are 12", o)
	}
}

// TestEndsNow: a giveup that is over ends a stream, which is asked about.
func TestEndsNow(t *testing.T) {
	m := known(9)
	for m.at.who.PID != 4712 || m.at.number != 9 {
		m.Key("j")
	}
	if o := press(m, "G"); o != nil || m.question == nil || !strings.Contains(m.question.text, "giveup 60, which ends the stream now? y") {
		t.Fatalf("%+v, %+v", o, m.question)
	}
	if o := press(m, "n"); o != nil {
		t.Errorf("%+v", o)
	}
	if o := press(m, "G", "y"); o == nil || strings.Join(o.Set, " ") != "stream 9 rx giveup 60" {
		t.Errorf("%+v", o)
	}
	if o := press(m, "g"); o == nil || strings.Join(o.Set, " ") != "stream 9 rx giveup 900" {
		t.Errorf("%+v", o)
	}
}

// TestStream: what is about a path of one of many streams says which.
func TestStream(t *testing.T) {
	all := hosts(9)
	for i := range all {
		if all[i].PID == 4711 {
			all[i].Ends[0].Number = 12
		}
	}
	m := NewModel("build1")
	m.Hear(all, noon)
	if o := press(m, "j", "p"); o == nil || strings.Join(o.Set, " ") != "stream 12 tx path 1 off" {
		t.Errorf("%+v", o)
	}
}

// TestGone: a program that has ended is no longer there, nor is what keys or a question were about.
func TestGone(t *testing.T) {
	m := known(2)
	press(m, "j", "j", "s")
	var left []Answer
	for _, a := range hosts(3) {
		if a.PID != 4711 {
			left = append(left, a)
		}
	}
	m.Hear(left, noon)
	if m.at != (target{who: Who{PID: 4712}}) || m.question != nil {
		t.Errorf("keys are about %+v, with the question %+v", m.at, m.question)
	}
	m.Hear(nil, noon)
	for _, k := range []string{"j", "k", "p", "+", "-", "0", "t", "T", "<", ">", "g", "G", "v", "s", "l", "?"} {
		if o := press(m, k); o != nil {
			t.Errorf("%q: %+v", k, o)
		}
	}
}

// TestLate: of a program that does not answer, the figures are the last ones, and a word says that.
func TestLate(t *testing.T) {
	m := known(9)
	last := hosts(9)
	m.Hear(last, noon)
	rates := len(m.programs[0].rates[target{who: Who{PID: 4711}, side: "tx"}])
	for i := range last {
		last[i].Late = 5 * time.Second
	}
	m.Hear(last, noon)
	if n := len(m.programs[0].rates[target{who: Who{PID: 4711}, side: "tx"}]); n != rates {
		t.Errorf("%d figures, want %d", n, rates)
	}
	if text := m.Render(80, 24).Text(); strings.Count(text, "does not answer: 5 s") != 3 {
		t.Error(text)
	}
}

// TestSplit: keys come apart as they are, however they were read.
func TestSplit(t *testing.T) {
	const text = "aü\x1b[A\x1bOB\x1b[1;5C\x1b[Bq"
	want := []string{"a", "ü", "\x1b[A", "\x1bOB", "\x1b[1;5C", "\x1b[B", "q"}
	for cut := range len(text) {
		if r := text[cut]; cut > 0 && (text[cut-1] == 0x1b || r&0xc0 == 0x80) {
			continue // ESC alone is a key, and a character comes whole from a terminal
		}
		var term Terminal
		if got := slices.Concat(term.split(text[:cut]), term.split(text[cut:])); !slices.Equal(got, want) {
			t.Errorf("cut at %d: %q", cut, got)
		}
	}
	var term Terminal
	if got := term.split("\x1b"); !slices.Equal(got, []string{"\x1b"}) {
		t.Errorf("%q", got)
	}
	if got := term.split("\x1b[" + strings.Repeat("1", 100)); len(got) == 0 {
		t.Error("what is no key is kept for ever")
	}
}

// TestSamePID: of programs in containers, which have the same PID, each is shown, and the one that is chosen is meant.
func TestSamePID(t *testing.T) {
	m := known(9)
	all := hosts(9)[:1]
	all = append(all, all[0])
	all[0].Place, all[1].Place = "/b/1.sock", "/a/1.sock"
	m.Hear(all, m.Now)
	if len(m.programs) != 2 {
		t.Fatalf("%d programs", len(m.programs))
	}
	m.at = m.targets()[len(m.targets())-1]
	if o := press(m, "s", "y"); o == nil || o.Place != "/b/1.sock" {
		t.Errorf("%+v", o)
	}
}

// TestManyStreams: each stream of an end that stays and listens can be chosen, so that all of them can be seen on any screen.
func TestManyStreams(t *testing.T) {
	m := known(9)
	all := hosts(9)
	i := slices.IndexFunc(all, func(a Answer) bool { return a.PID == 4712 })
	rx := *all[i].Status
	one := rx.Ends[0]
	rx.Ends = nil
	for n := range 30 {
		one.Number = n + 1
		rx.Ends = append(rx.Ends, one)
	}
	m.Hear([]Answer{{Status: &rx}}, m.Now)
	for n := range 30 {
		m.Key(keyDown)
		if text, want := m.Render(80, 24).Text(), fmt.Sprintf("rx %d ", n+1); !strings.Contains(text, want) {
			t.Fatalf("no %q:\n%s", want, text)
		}
	}
	if o := press(m, "v"); o == nil || slices.Contains(o.Set, "stream") {
		t.Errorf("%+v", o) // verbose is the program's
	}
	if o := press(m, "-"); o != nil {
		t.Errorf("%+v", o)
	}
}
