package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"viamillipede/engine/wire"
)

func TestVersionIsTheWires(t *testing.T) {
	if wireVersion != wire.Version {
		t.Errorf("wire version %d, but the engine speaks %d", wireVersion, wire.Version)
	}
}

// manPage reads viamillipede(1) as plain words: without macros' quoting and with its escapes undone.
func manPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../viamillipede.1")
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(`\-`, "-", `\&`, "", `\e`, `\`).Replace(string(page))
}

// section is what stands below a heading of the man page.
func section(t *testing.T, page, heading string) string {
	t.Helper()
	_, text, ok := strings.Cut(page, "\n.Sh "+heading+"\n")
	if !ok {
		t.Fatalf("the man page has no %s", heading)
	}
	text, _, _ = strings.Cut(text, "\n.Sh ")
	return text
}

// item is what stands below one ".It" of a list, to the next one of the same macro; a list of another kind inside it
// belongs to it.
func item(text, head string) (string, bool) {
	_, below, ok := strings.Cut(text+"\n", "\n.It "+head+"\n")
	next := "\n.It "
	if macro, _, found := strings.Cut(head, " "); found {
		next += macro + " "
	}
	below, _, _ = strings.Cut(below, next)
	return below + "\n", ok
}

// manHead is the head of a keyword's item in the man page: "Cm threads Ar N".
func manHead(k keyword) string {
	head := "Cm " + k.name
	for _, a := range k.args {
		words := strings.Split(a.name, "|")
		for i, w := range words {
			kind := " Ar "
			if w == strings.ToLower(w) {
				kind = " Cm "
			}
			if words[i] = kind + w; a.optional != nil {
				words[i] = " Op" + words[i]
			}
		}
		head += strings.Join(words, " |")
	}
	return head
}

// keywordSections are the sections of the man page that describe keywords, with those keywords.
func keywordSections() map[string][]keyword {
	return map[string][]keyword{"KEYWORDS": grammar(), "BENCH": benchWords()}
}

func TestManPageHasEveryKeyword(t *testing.T) {
	for name, keywords := range keywordSections() {
		hasKeywords(t, section(t, manPage(t), name), keywords)
	}
}

// hasKeywords checks that a section describes the keywords.
func hasKeywords(t *testing.T, text string, keywords []keyword) {
	for _, k := range keywords {
		below, ok := item(text, manHead(k))
		if !ok {
			t.Errorf("the man page lacks %q", ".It "+manHead(k))
			continue
		}
		if k.initial != "" && !strings.Contains(below, "Default: "+k.initial+".\n") {
			t.Errorf("%s: the man page lacks %q", k.name, "Default: "+k.initial+".")
		}
		for _, alias := range k.alias {
			if !strings.Contains(below, "\n.Cm "+alias) {
				t.Errorf("%s: the man page lacks the spelling %s", k.name, alias)
			}
		}
		for _, a := range k.args {
			for _, n := range regexp.MustCompile(`[0-9.]+[KMG]?`).FindAllString(a.want, -1) {
				if !strings.Contains(below, strings.TrimRight(n, ".")) {
					t.Errorf("%s: the man page lacks the limit %s", k.name, n)
				}
			}
		}
	}
}

func TestManPageHasNoOtherKeyword(t *testing.T) {
	for name, keywords := range keywordSections() {
		text := section(t, manPage(t), name)
		for _, m := range regexp.MustCompile(`(?m)^\.It Cm (\S+)`).FindAllStringSubmatch(text, -1) {
			if _, ok := find(keywords, m[1]); !ok {
				t.Errorf("the man page describes %q, which is no keyword", m[1])
			}
		}
	}
}

func TestManPageHasEveryStatusLevelAndSignal(t *testing.T) {
	page := manPage(t)
	for _, s := range statuses {
		below, ok := item(section(t, page, "EXIT STATUS"), fmt.Sprint(int(s.status)))
		if !ok || !sameWords(below, s.gist) {
			t.Errorf("EXIT STATUS %d: %q, want %q", s.status, below, s.gist)
		}
	}
	verbose, _ := item(section(t, page, "KEYWORDS"), "Cm verbose Ar N")
	verbose = strings.Join(strings.Fields(verbose), " ")
	for _, l := range levels {
		if want := fmt.Sprintf("%d %s", l.level, l.gist); !strings.Contains(verbose, want) {
			t.Errorf("verbose: the man page lacks %q", want)
		}
	}
	for _, r := range reactions {
		if _, ok := item(section(t, page, "SIGNALS"), "Dv "+r.signal); !ok {
			t.Errorf("SIGNALS lacks %s", r.signal)
		}
	}
}

// sameWords compares the first sentence of an item with a gist, without regard to macros, case and line ends.
func sameWords(below, gist string) bool {
	plain := regexp.MustCompile(`(?m)^\.[A-Z][a-z] `).ReplaceAllString(below, "")
	text := strings.ToLower(strings.Join(strings.Fields(plain), " "))
	return strings.HasPrefix(strings.ReplaceAll(text, " ,", ","), strings.ToLower(gist))
}

func TestHelpHasEverything(t *testing.T) {
	text := helpText()
	for _, k := range topics() {
		line := regexp.MustCompile(`(?m)^  ` + regexp.QuoteMeta(k.usage()) + ` +(.*)$`).FindStringSubmatch(text)
		if line == nil {
			t.Errorf("help lacks %s", k.usage())
			continue
		}
		if k.initial != "" && !strings.HasSuffix(line[1], "("+k.initial+")") {
			t.Errorf("help of %s lacks the default %s: %s", k.name, k.initial, line[1])
		}
	}
	for _, s := range statuses {
		if !strings.Contains(text, fmt.Sprintf("\n  %3d  %s\n", s.status, s.gist)) {
			t.Errorf("help lacks exit status %d", s.status)
		}
	}
}

// TestHelpFitsATerminal keeps the lines of every help text within 100 columns.
func TestHelpFitsATerminal(t *testing.T) {
	texts := []string{helpText(), shortUsage(), diffHelp}
	for _, c := range chapters() {
		texts = append(texts, c.help())
	}
	for _, k := range topics() {
		texts = append(texts, k.help())
	}
	for _, text := range texts {
		for line := range strings.SplitSeq(text, "\n") {
			if len(line) > 100 {
				t.Errorf("%d columns: %s", len(line), line)
			}
		}
	}
}

// TestFirstScreen keeps what "viamillipede help" prints on one screen of the smallest terminal, with a line left for the prompt.
func TestFirstScreen(t *testing.T) {
	const rows, columns = 24, 80
	lines := strings.Split(strings.TrimSuffix(firstScreen(), "\n"), "\n")
	if len(lines) >= rows {
		t.Errorf("%d lines, want fewer than %d", len(lines), rows)
	}
	for _, line := range lines {
		if len(line) > columns {
			t.Errorf("%d columns, want %d at most: %s", len(line), columns, line)
		}
	}
	for _, c := range chapters() {
		if !strings.Contains(firstScreen(), "  "+c.name+" ") {
			t.Errorf("the first screen lacks the chapter %s", c.name)
		}
	}
}

// TestEveryKeywordIsInOneChapter: a keyword that is in none cannot be found by somebody who does not know its name.
func TestEveryKeywordIsInOneChapter(t *testing.T) {
	in := map[string]string{}
	for _, c := range chapters() {
		if _, ok := find(topics(), c.name); ok {
			t.Errorf("the chapter %s has the name of a keyword", c.name)
		}
		for _, name := range c.words {
			if in[name] != "" {
				t.Errorf("%s is in the chapters %s and %s", name, in[name], c.name)
			}
			in[name] = c.name
			if _, ok := find(grammar(), name); !ok {
				t.Errorf("%s, in the chapter %s, is no keyword", name, c.name)
			}
		}
	}
	for _, k := range grammar() {
		if in[k.name] == "" {
			t.Errorf("%s is in no chapter (chapters.go)", k.name)
		}
	}
}
