package marked

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const page = `# Title

By hand.
<!-- measured: one -->
old
<!-- end -->
Between, | kept |
<!-- measured: two-2 -->
<!-- end -->
last line without its end`

func TestReplace(t *testing.T) {
	got, err := Replace(page, map[string]string{"one": "\nnew\n\nlines\n"})
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Replace(page, "old\n", "\nnew\n\nlines\n\n", 1); got != want {
		t.Errorf("got:\n%s", got)
	}
	again, err := Replace(got, map[string]string{"one": "new\n\nlines"})
	if err != nil || again != got {
		t.Errorf("a second time gives %v and:\n%s", err, again)
	}
	if got, err := Replace(page, nil); err != nil || got != page {
		t.Errorf("nothing to replace: %v\n%s", err, got)
	}
}

func TestBrokenMarkersAreRefused(t *testing.T) {
	const begin, end = "<!-- measured: one -->\n", "<!-- end -->\n"
	for name, text := range map[string]string{
		"no end":              begin + "text\n",
		"no beginning":        "text\n" + end,
		"one in another":      begin + "<!-- measured: two -->\n" + end + end,
		"two of one name":     begin + end + begin + end,
		"two ends":            begin + end + end,
		"no name":             "<!-- measured: -->\n" + end,
		"a name in capitals":  "<!-- measured: ONE -->\n" + end,
		"no colon":            "<!-- measured one -->\n" + end + begin + end,
		"indented":            begin + "  " + end,
		"words before":        "see " + begin + end,
		"words after the end": begin + "<!-- end --> of it\n",
		"no spaces":           begin + "<!--end-->\n" + begin + end,
		"carriage returns":    strings.ReplaceAll(begin+end, "\n", "\r\n"),
	} {
		if got, err := Replace(text, map[string]string{"one": "x"}); err == nil || got != "" {
			t.Errorf("%s: %v, %q", name, err, got)
		}
	}
	for what, parts := range map[string]map[string]string{
		"a part that is not there":   {"one": "x", "three": "y"},
		"a content with an end":      {"one": "x\n<!-- end -->\ny"},
		"a content with a beginning": {"one": "<!-- measured: two -->"},
	} {
		if got, err := Replace(page, parts); err == nil || got != "" {
			t.Errorf("%s: %v, %q", what, err, got)
		}
	}
}

func TestRewrite(t *testing.T) {
	name := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(name, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := Rewrite(name, map[string]string{"two-2": "figures"}); err != nil {
			t.Fatal(err)
		}
	}
	got, _ := os.ReadFile(name)
	if want := strings.Replace(page, "two-2 -->\n", "two-2 -->\n\nfigures\n\n", 1); string(got) != want {
		t.Errorf("got:\n%s", got)
	}
	if err := Rewrite(name, map[string]string{"none": ""}); err == nil {
		t.Error("a part that is not there was written")
	}
	if now, _ := os.ReadFile(name); string(now) != string(got) {
		t.Error("an error changed the file")
	}
	if left, _ := os.ReadDir(filepath.Dir(name)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}
