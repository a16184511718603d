package part

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// enter opens a part in a folder, and writes to it.
func enter(t *testing.T, dir, data string) *File {
	t.Helper()
	p, err := Enter(dir + "/")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.file.WriteString(data); err != nil {
		t.Fatal(err)
	}
	return p
}

// A name leads to a file in the folder, or is refused.
func TestNamesStayInTheFolder(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "d")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for path, to := range map[string]string{"dangling": "../out", "loop": "loop", "up": ".."} {
		if err := os.Symlink(to, filepath.Join(dir, path)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"", ".", "..", "../x", "/x", "a/b", "a/", ".x", "...", ".x.viamillipede-part", "a\x00b", "a\nb", "a\x7fb", "folder", "dangling", "loop", "up",
		strings.Repeat("x", 255),
	} {
		p := enter(t, dir, "x")
		if err := p.Name(name); err == nil {
			t.Errorf("%q is taken", name)
		}
		if kept, lost := p.Close(); kept != "" || lost != nil {
			t.Errorf("%q: kept %q, lost %v", name, kept, lost)
		}
	}
	for _, name := range []string{"a", "a b", "a..b", "-a", "a\\b", "ä", strings.Repeat("x", 64)} {
		p := enter(t, dir, name)
		if err := p.Name(name); err != nil {
			t.Errorf("%q: %v", name, err)
		} else if err := p.Finish(int64(len(name)), false); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		p.Close()
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != name {
			t.Errorf("%q has %q, %v", name, got, err)
		}
	}
	if all, _ := filepath.Glob(filepath.Join(dir, ".*")); len(all) > 0 {
		t.Errorf("left: %q", all)
	}
	if all, _ := os.ReadDir(top); len(all) != 1 {
		t.Errorf("beside the folder: %v", all)
	}
}

// Of two parts of one name the second is refused until the first has ended; what that has left is dropped by the next.
func TestOneNameAtATime(t *testing.T) {
	dir := t.TempDir()
	first, second := enter(t, dir, "one"), enter(t, dir, "two")
	if err := first.Name("a"); err != nil {
		t.Fatal(err)
	}
	if err := second.Name("a"); err == nil {
		t.Error("two at once")
	}
	if _, err := Create(filepath.Join(dir, "a"), false); err == nil {
		t.Error("another program has it too")
	}
	if kept, _ := first.Close(); !strings.HasSuffix(kept, "/.a.viamillipede-part") {
		t.Errorf("kept %q", kept)
	}
	third := enter(t, dir, "three")
	if err := third.Name("a"); err != nil {
		t.Errorf("one that was refused keeps another out: %v", err)
	}
	third.Close()
	if err := second.Name("a"); err != nil {
		t.Fatal(err)
	}
	if err := second.Finish(3, true); err != nil {
		t.Error(err)
	}
	second.Close()
	if got, _ := os.ReadFile(filepath.Join(dir, "a")); string(got) != "two" {
		t.Errorf("it has %q", got)
	}
	all, _ := os.ReadDir(dir)
	if len(all) != 1 {
		t.Errorf("left: %v", all)
	}
}
